"""Which data a Redis server had when this machine last used it, in a file, so that new processes know it too."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
import uuid
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from .process import file_lock
from .redis import RedisClient

log = logging.getLogger("ai_utilities.storage")
STALE = 2.0
"""Seconds after which a process that was writing the file is taken for dead."""


class Generation(NamedTuple):
    """A state of the data of one store: a server with another epoch, or with fewer changes, has lost data.

    Attributes:
        epoch: The id of the data; None if no data are known.
        changes: How many changes were made to it.
    """

    epoch: str | None
    changes: int

    def to_text(self) -> str:
        return f"{self.epoch or ''}#{self.changes}"

    @classmethod
    def from_text(cls, text: str) -> Generation:
        """Reads `epoch#changes`; files of earlier versions have the epoch only."""
        epoch, separator, changes = text.rpartition("#")
        if not separator or not changes.isdecimal():
            return cls(text or None, 0)
        return cls(epoch or None, int(changes))


class Generations:
    """The latest generation of one store. Addresses may contain passwords and are stored as hashes only.

    Args:
        file: A JSON file with an entry for each store; None remembers within this process only.
        server: The address of the server, or a client.
        prefix: The prefix of the store's keys.
    """

    def __init__(self, file: str | Path | None, server: str | RedisClient, prefix: str) -> None:
        self._file = None if file is None else Path(file).expanduser()
        address = server if isinstance(server, str) else ""
        self._name = hashlib.blake2b(f"{address}|{prefix}".encode(), digest_size=16).hexdigest()
        self._lock = threading.Lock()
        self._known = Generation.from_text(self._entries().get(self._name, ""))
        self._written = self._known
        self._failed = False

    @property
    def known(self) -> Generation:
        """What this process has seen last, or the file at its start."""
        with self._lock:
            return self._known

    def observe(self, seen: Generation) -> None:
        """Remembers a generation that the server has, unless a later one is known."""
        with self._lock:
            if seen.epoch == self._known.epoch and seen.changes < self._known.changes:
                return
            self._known = seen
        if self._file is not None:
            self._write(self._file)

    def reset(self, seen: Generation) -> None:
        """Remembers a generation although a later one was known: its loss has been reported."""
        with self._lock:
            self._known = seen
        if self._file is not None:
            self._write(self._file, lost=True)

    def _write(self, file: Path, *, lost: bool = False) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file_lock(file, stale=STALE):
                known = self.known
                if known == self._written:
                    return  # another thread has written it
                entries = self._entries()
                other = Generation.from_text(entries.get(self._name, ""))
                if lost or other.epoch != known.epoch or other.changes < known.changes:
                    replace_file(file, json.dumps({**entries, self._name: known.to_text()}))
                self._written = known
        except OSError as error:
            if not self._failed:
                log.warning("cannot write %s, so new processes will not notice a loss of data: %s", file, error)
            self._failed = True

    def _entries(self) -> dict[str, str]:
        if self._file is not None:
            with suppress(OSError, ValueError):
                match = json.loads(self._file.read_text(encoding="utf-8"))
                if isinstance(match, dict):
                    return {name: text for name, text in match.items() if isinstance(text, str)}
        return {}


def replace_file(file: Path, text: str) -> None:
    """Replaces the contents of a file that only its owner may read, at once or not at all."""
    new = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
    with open(new, "w", opener=open_private, encoding="utf-8") as written:
        written.write(text)
    new.replace(file)


def open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
