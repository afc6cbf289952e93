"""Which files are at which provider already, so that the same one is not sent twice."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from os import PathLike
from pathlib import Path
from time import time

from ..folders import kept_in

PIECE = 1 << 20
CREATE = "create table if not exists uploads (key text primary key, file_id text not null, expires real)"


class UploadRecord:
    """Remembers uploads by provider, account and content, in a small database that processes share."""

    def __init__(self, path: str | PathLike[str] | None = None, now: Callable[[], float] = time) -> None:
        self._path = Path(path) if path is not None else kept_in("uploads.sqlite")
        self._now = now

    def find(self, key: str) -> str | None:
        """The id of the file, unless the provider has forgotten it by now."""
        with closing(self._opened()) as base:
            row = base.execute("select file_id, expires from uploads where key = ?", (key,)).fetchone()
        if row is None or (row[1] is not None and row[1] <= self._now()):
            return None
        return str(row[0])

    def keep(self, key: str, file_id: str, expires: float | None) -> None:
        with closing(self._opened()) as base, base:
            base.execute("insert or replace into uploads values (?, ?, ?)", (key, file_id, expires))

    def forget(self, file_id: str) -> None:
        with closing(self._opened()) as base, base:
            base.execute("delete from uploads where file_id = ?", (file_id,))

    def _opened(self) -> sqlite3.Connection:
        base = sqlite3.connect(self._path, timeout=10.0)
        base.execute(CREATE)
        return base


def key_of(file: str | PathLike[str] | bytes, *who: str) -> str:
    """The content of a file and who has it, as one word. Accounts are hashed along, so the record shows no key."""
    seed = hashlib.sha256()
    for part in who:
        seed.update(part.encode() + b"\0")
    if isinstance(file, bytes):
        seed.update(file)
    else:
        with Path(file).expanduser().open("rb") as opened:
            while piece := opened.read(PIECE):
                seed.update(piece)
    return seed.hexdigest()
