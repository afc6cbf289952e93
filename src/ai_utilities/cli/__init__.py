"""The command `ai-utilities`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

MISSING = "the command line needs more packages. Install them with: python -m pip install 'dhenara[cli]'"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code. `argv` are the arguments without the program name."""
    try:
        import typer  # noqa: F401  # checks that the extra is installed
    except ImportError:
        sys.stderr.write(f"ai-utilities: {MISSING}\n")
        return 2
    from .app import run_app

    return run_app(sys.argv[1:] if argv is None else list(argv))


def run() -> None:
    """The entry point of the installed script."""
    sys.exit(main())
