"""What the commands `ledger` and `budget` share: lists of what is open, and repairs of files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...config_origins import state_path
from ...exceptions import ProviderConfigurationError
from ..output import print_note, table
from ..streams import show

if TYPE_CHECKING:
    from ...storage.process import Owner


def show_open(head: Sequence[str], rows: Sequence[Sequence[str]], note: str) -> None:
    """Prints a table of what is open, if anything is, and a note."""
    if rows:
        show(table(("state", *head, "process", "host"), rows))
    print_note(note)


def open_row(abandoned: bool, cells: Sequence[str], owner: Owner) -> tuple[str, ...]:
    """One line of the table: the state, what is open, and the process that owns it."""
    return ("abandoned" if abandoned else "running", *cells, str(owner.pid), owner.host.partition("/")[0])


def file_to_repair(argument: Path | None, store: str | None, configured: Path | None, what: str, setting: str) -> Path:
    """The file of a store: the argument, or that of the settings.

    Args:
        argument: What the user named.
        store: The kind of the store in the settings.
        configured: The file in the settings.
        what: The name of the file, such as `usage`.
        setting: The setting that names the kind of the store.

    Raises:
        ProviderConfigurationError: If the store in the settings is not a file.
    """
    if argument is None and store != "sqlite":
        raise ProviderConfigurationError(
            f"the store of {what} in the settings is not a file. Set {setting}=sqlite, or pass a file."
        )
    return Path(argument or configured or state_path(f"{what}.sqlite"))


def show_repair(path: Path, repair: object | None) -> None:
    """Prints what was repaired in a file; None if it was intact."""
    show(f"nothing is wrong with {path}" if repair is None else f"{path}: {repair}")
