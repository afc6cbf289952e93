"""Files that commands write: checked before anything is sent, and not overwritten without `--force`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from dhenara.ai.integration import check_output, write_output

from ..batch.output import is_same_file
from ..exceptions import ProviderConfigurationError

ForceFlag = Annotated[bool, typer.Option("--force", help="Overwrite an existing output file.")]


def check_target(flag: str, target: Path, force: bool, sources: Iterable[Path | None] = ()) -> None:
    """Check that a file may be written.

    Args:
        flag: The flag that names it.
        target: The file.
        force: Whether it may be replaced.
        sources: Files that the command reads, which are never replaced.

    Raises:
        OutputExistsError: If it exists and is not to be replaced.
        ProviderConfigurationError: If it is one of the sources, under any name.
    """
    check_source(flag, target, sources)
    check_output(target, overwrite=force)


def check_source(flag: str, target: Path, sources: Iterable[Path | None]) -> None:
    """Check that a file to write is none of those that are read."""
    if any(source is not None and is_same_file(source, target) for source in sources):
        raise ProviderConfigurationError(f"{flag}: {target} is the file that is read. Choose another output file.")


def write_target(target: Path, text: str, force: bool) -> None:
    """Write a text file that ends with one line end."""
    write_output(target, f"{text.rstrip()}\n".encode(), overwrite=force)
