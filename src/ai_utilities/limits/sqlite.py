"""Limits in one SQLite file, for all processes of a machine that open it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from pydantic_core import from_json, to_json

from ..storage.sqlite import SQLiteFile
from ..storage.sqlite_schema import Schema
from .account import Ask, apply, fresh
from .store import LimitStore

LIMITS = Schema(
    "limits", ("CREATE TABLE IF NOT EXISTS limits (account TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;",)
)
REPAIR = "Run `ai-utilities budget repair`, which keeps budgets in the file, or delete it while nothing uses it."


class SQLiteLimits(LimitStore):
    """`db_path` is made when it is missing."""

    def __init__(self, db_path: str | os.PathLike[str], *, clock: Callable[[], float] = time.time) -> None:
        self._file = SQLiteFile(db_path, LIMITS, strict=True, repair=REPAIR)
        self._clock = clock

    def step(self, account: str, step: str, ask: Ask) -> dict[str, Any]:
        with self._file.writing() as file:
            row = file.execute("SELECT state FROM limits WHERE account = ?", (account,)).fetchone()
            state = from_json(row[0]) if row else fresh()
            found = apply(state, step, ask, self._clock())
            file.execute("REPLACE INTO limits (account, state) VALUES (?, ?)", (account, to_json(state).decode()))
        return found

    def close(self) -> None:
        self._file.close()
