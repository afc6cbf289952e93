"""The folder of refreshed tables: complete versions side by side, and which of them is in use.

    tables/
        current.json             {"version": "2026-12-01.1", "previous": "2026-11-20.1"}
        2026-12-01.1/            tables.json (the manifest), prices/openai.json, ...
        2026-11-20.1/

A version is written under another name and renamed when it is complete, and `current.json` is replaced in one step. So
a refresh that is killed leaves the version that was in use.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dhenara.ai import catalog

from ..config import OURS

if TYPE_CHECKING:
    from ..config_models import AiSettings

CURRENT = "current.json"
MANIFEST = "tables.json"
VERSION = re.compile(r"20\d\d-\d\d-\d\d(?:\.\d{1,6})?")
"""A date, and a number for further versions of that day."""

UNFINISHED = ".new-"
LEFT_BEHIND_S = 3600
"""A folder of this age without a name belongs to a refresh that was killed."""


@dataclass(frozen=True, slots=True, eq=False)
class TablesFolder:
    """The folder with the versions.

    Attributes:
        path: The folder.
    """

    path: Path

    def current(self) -> str | None:
        """The version in use; None: the tables of the package."""
        return self._state()[0]

    def previous(self) -> str | None:
        """The version that was in use before; None: the tables of the package."""
        return self._state()[1]

    def folder_of(self, version: str | None) -> Path | None:
        return None if version is None else self.path / version

    def begin(self) -> Path:
        """Creates a folder for a version that is being written."""
        self.path.mkdir(parents=True, exist_ok=True)
        for left in self.path.glob(f"{UNFINISHED}*"):
            if left.stat().st_mtime < time.time() - LEFT_BEHIND_S:
                shutil.rmtree(left, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=self.path))

    def finish(self, unfinished: Path, version: str) -> None:
        """Puts a complete version into use; the one that was in use is the previous one."""
        target = self.path / version
        if target.exists():
            shutil.rmtree(target)
        unfinished.rename(target)
        self._use(version, self.current())

    def undo(self) -> str | None:
        """Puts the previous version into use, or the tables of the package.

        Returns:
            The version that is in use now; None: the tables of the package.
        """
        version, previous = self._state()
        self._use(previous, None)
        if version is not None and version != previous:
            shutil.rmtree(self.path / version, ignore_errors=True)
        return previous

    def _state(self) -> tuple[str | None, str | None]:
        try:
            state = json.loads((self.path / CURRENT).read_bytes())
            names = state["version"], state["previous"]
        except (OSError, ValueError, KeyError, TypeError):
            return None, None
        valid = [name if isinstance(name, str) and VERSION.fullmatch(name) else None for name in names]
        version, previous = (name if name and (self.path / name / MANIFEST).is_file() else None for name in valid)
        return version, previous

    def _use(self, version: str | None, previous: str | None) -> None:
        state = json.dumps({"version": version, "previous": previous if previous != version else None})
        handle, name = tempfile.mkstemp(prefix=UNFINISHED, dir=self.path)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(state)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, self.path / CURRENT)
        for entry in self.path.iterdir():
            if entry.is_dir() and VERSION.fullmatch(entry.name) and entry.name not in (version, previous):
                shutil.rmtree(entry, ignore_errors=True)


def tables_folder_of(settings: AiSettings) -> TablesFolder:
    """The folder that the settings name, else one in the user's data folder; it need not exist."""
    if settings.tables_dir is not None:
        return TablesFolder(settings.tables_dir)
    base = os.environ.get("XDG_DATA_HOME") or os.environ.get("LOCALAPPDATA")
    return TablesFolder((Path(base) if base else Path.home() / ".local" / "share") / OURS / "tables")


_in_use: list[Path | None] = [None]
_prices_read: dict[Path, tuple[int, int]] = {}


def use_tables_of(settings: AiSettings) -> None:
    """Uses refreshed tables, and the user's prices and limits, in this process.

    Raises:
        ProviderConfigurationError: If the file of own prices cannot be read or is invalid.
    """
    folder = tables_folder_of(settings)
    path = folder.folder_of(folder.current())
    if path != _in_use[0]:
        catalog.use_tables(path)
        _in_use[0] = path
    if settings.prices_file is not None:
        use_prices_file(settings.prices_file)


def use_prices_file(path: Path) -> None:
    """Loads a file of own prices, unless it was loaded before and did not change."""
    try:
        status = path.stat()
        state = status.st_mtime_ns, status.st_size
    except OSError:
        state = None
    if state is None or _prices_read.get(path) != state:
        catalog.load_own_tables(path)
        if state is not None:
            _prices_read[path] = state


def unchanged_file(current: Path | None, name: str, checksum: str) -> bytes | None:
    """The file of the version in use, if it has this sum."""
    try:
        content = (current / name).read_bytes() if current is not None else b""
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest() == checksum else None


def write_file(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
