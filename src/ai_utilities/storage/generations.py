"""Which data a Redis server had when this machine last used it: kept in a file, so that new processes know, too."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any


class Generations:
    """One entry of a file of JSON. Addresses may have passwords in them, and are kept as hashes only."""

    def __init__(self, file: str | Path | None, server: Any, prefix: str) -> None:
        self._file = None if file is None else Path(file).expanduser()
        address = server if isinstance(server, str) else ""
        self._name = hashlib.blake2b(f"{address}|{prefix}".encode(), digest_size=16).hexdigest()

    def read(self) -> str | None:
        match = self._all().get(self._name)
        return match if isinstance(match, str) else None

    def write(self, epoch: str) -> None:
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        written = self._file.with_name(f".{self._file.name}.{uuid.uuid4().hex}")
        with open(written, "w", opener=private, encoding="utf-8") as new:
            json.dump({**self._all(), self._name: epoch}, new)
        written.replace(self._file)

    def _all(self) -> dict[str, Any]:
        if self._file is not None:
            with suppress(FileNotFoundError, ValueError):
                match = json.loads(self._file.read_text(encoding="utf-8"))
                return match if isinstance(match, dict) else {}
        return {}


def private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
