"""The command `ai-utilities`: ask, chat, set up, look around, without writing a program."""

from __future__ import annotations

import sys
from collections.abc import Sequence

MISSING = "the command needs two more packages. Install them with: python -m pip install 'dhenara[cli]'"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; `argv` is what follows the command's name."""
    try:
        import typer  # noqa: F401  # asked for only to name the extra when it is missing
    except ImportError:
        sys.stderr.write(f"ai-utilities: {MISSING}\n")
        return 2
    from .app import run_app

    return run_app(sys.argv[1:] if argv is None else list(argv))


def run() -> None:
    """The entry point of the installed script."""
    sys.exit(main())
