"""Records which files were uploaded to which provider, so that the same file is not sent twice."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from time import time

from ..config import cache_path
from ..storage.sqlite import SQLiteFile
from ..storage.sqlite_files import Schema, SqlValue
from ..storage.store_io import StoreError

log = logging.getLogger("ai_utilities.files")
PIECE = 1 << 20
UPLOADS = Schema(
    "uploads", ("create table if not exists uploads (key text primary key, file_id text not null, expires real)",)
)
WAIT = 2.0
"""Seconds to wait for a locked record; without the record, a file is uploaded again."""


class UploadRecord:
    """Uploads by provider, account and content, in a SQLite file that processes share.

    Args:
        path: The file. Default None: `uploads.sqlite` in the cache directory of the user.
        now: Returns the time in Unix seconds. Default: `time.time`.
    """

    def __init__(self, path: str | PathLike[str] | None = None, now: Callable[[], float] = time) -> None:
        self._file = SQLiteFile(path if path is not None else cache_path("uploads.sqlite"), UPLOADS, WAIT, lazy=True)
        self._now = now

    def find(self, key: str) -> str | None:
        """Return the id of the file; None if it is unknown or expired, or the record is locked.

        Args:
            key: A hash of content and account.
        """
        try:
            row = self._file.fetch_one("select file_id, expires from uploads where key = ?", (key,))
        except StoreError as error:
            log.warning("the record of uploads is not used: %s", error)
            return None
        if row is None or (row[1] is not None and row[1] <= self._now()):
            return None
        return str(row[0])

    def store(self, key: str, file_id: str, expires: float | None) -> None:
        """Record an upload. A failure is only logged.

        Args:
            key: A hash of content and account.
            file_id: Id of the file at the provider.
            expires: When the provider deletes the file, in Unix seconds; None: never.
        """
        self._tried("insert or replace into uploads values (?, ?, ?)", (key, file_id, expires))

    def forget(self, file_id: str) -> None:
        """Remove a file from the record. A failure is only logged.

        Args:
            file_id: Id of the file at the provider.
        """
        self._tried("delete from uploads where file_id = ?", (file_id,))

    def _tried(self, statement: str, values: tuple[SqlValue, ...]) -> None:
        """Execute a statement; if it fails, only log it, as the upload itself was successful."""
        try:
            self._file.fetch_all(statement, values)
        except StoreError as error:
            log.warning("the record of uploads is not written: %s", error)


def key_of(file: str | PathLike[str] | bytes, *account: str) -> str:
    """Return a hash of the file's content and the account, so that the record contains no API key."""
    seed = hashlib.sha256()
    for part in account:
        seed.update(part.encode() + b"\0")
    if isinstance(file, bytes):
        seed.update(file)
    else:
        with Path(file).expanduser().open("rb") as opened:
            while piece := opened.read(PIECE):
                seed.update(piece)
    return seed.hexdigest()
