"""Rate limits in one SQLite file, shared by all processes of a machine, with a clock that does not jump."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from typing import Any

from pydantic_core import from_json, to_json

from ..storage.errors import StoreVersionError
from ..storage.process import boot_id, steady
from ..storage.sqlite import SQLiteFile
from ..storage.sqlite_schema import Schema
from .store import LimitStore
from .window_state import Account, Ask, apply_step, checked, new_state

log = logging.getLogger("ai_utilities.limits")
LIMITS = Schema(
    "limits", ("CREATE TABLE IF NOT EXISTS limits (account TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;",)
)
REPAIR = "Run `ai-utilities budget repair`, which keeps budgets in the file, or delete it while nothing uses it."
VERSION = 2
"""Version of the account layout: 1 had no clock and no version."""

LONGEST_OFF = 172_800.0
"""Maximum seconds that a machine is assumed to have been off."""


class SQLiteLimits(LimitStore):
    """`db_path` is created if missing. `clock`: seconds, instead of the time since the machine's boot."""

    def __init__(self, db_path: str | os.PathLike[str], *, clock: Callable[[], float] | None = None) -> None:
        self._file = SQLiteFile(db_path, LIMITS, strict=True, repair=REPAIR)
        self._clock = clock

    def step(self, account: str, step: str, ask: Ask) -> dict[str, Any]:
        with self._file.transaction() as file:
            row = file.execute("SELECT state FROM limits WHERE account = ?", (account,)).fetchone()
            state = new_state() if row is None else self._read(account, row[0])
            try:
                match = apply_step(state, step, ask, self._now(state))
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                state = self._damaged(account, error)
                match = apply_step(state, step, ask, self._now(state))
            text = to_json({**state, "version": VERSION}).decode()
            file.execute("REPLACE INTO limits (account, state) VALUES (?, ?)", (account, text))
        return match

    def close(self) -> None:
        self._file.close()

    def _read(self, account: str, text: str) -> Account:
        try:
            state = checked(from_json(text))
        except (ValueError, TypeError) as error:
            return self._damaged(account, error)
        if isinstance(state.get("version"), int) and state["version"] > VERSION:
            raise StoreVersionError(
                f"the limits in {self._file.path} have version {state['version']}, and this version of dhenara knows "
                f"{VERSION}: upgrade dhenara, or use another file."
            )
        return state

    def _damaged(self, account: str, error: Exception) -> Account:
        log.warning("the limits of %s in %s were damaged (%s); they are counted anew", account, self._file.path, error)
        return new_state()

    def _now(self, state: Account) -> float:
        """The clock of the account: starts as the time of day and continues after a restart."""
        if self._clock is not None:
            return self._clock()
        now, wall = steady(), time.time()
        clock = state.get("clock")
        if clock is None:
            clock = {"seen": now, "ahead": wall - now}
        elif clock.get("boot") != boot_id():
            off = min(LONGEST_OFF, max(0.0, wall - clock.get("wall", wall)))
            clock = {"seen": now, "ahead": clock["seen"] + clock["ahead"] + off - now}
        state["clock"] = {**clock, "boot": boot_id(), "wall": wall}
        return now
