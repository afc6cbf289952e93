"""Budgets in one SQLite file, and its repair.

A file that is damaged, deleted or replaced is refused, so that no cost stays uncounted.
"""

from __future__ import annotations

import os
import sqlite3
import time
import zlib
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from dhenara.ai.integration import number_of

from ...storage.late_writes import LateWrites
from ...storage.sqlite import SQLiteFile
from ...storage.sqlite_files import REPAIRED, Row, Schema, columns_of, create_once, is_sound, set_aside
from ...storage.store_io import FileStep, StoreDamagedError, StoreError
from ..sqlite_recovery import Rows, salvage
from .budget import BudgetStore, BudgetWindow, Refused, Reservation, to_dollars

T = TypeVar("T")
REPAIR = (
    "Nothing was sent. End what uses the file and run `ai-utilities budget repair` or SQLiteBudgets.repair(path), "
    "which keeps what can be read; or restore the file."
)
TABLE = "CREATE TABLE IF NOT EXISTS budget (name TEXT PRIMARY KEY, spent INTEGER NOT NULL, expires REAL) WITHOUT ROWID;"
OPEN_TABLE = "CREATE TABLE budget_open (key TEXT PRIMARY KEY, reservation TEXT NOT NULL) WITHOUT ROWID;"
WRITE = "REPLACE INTO budget (name, spent, expires, seal) VALUES (?, ?, ?, ?)"


def add_seals(connection: sqlite3.Connection) -> None:
    """A checksum per amount, because SQLite does not detect changed bytes of a value."""
    if "seal" not in columns_of(connection, "budget"):
        connection.execute("ALTER TABLE budget ADD COLUMN seal INTEGER")
    for name, spent in connection.execute("SELECT name, spent FROM budget").fetchall():
        connection.execute("UPDATE budget SET seal = ? WHERE name = ?", (seal(name, spent), name))


def seal(name: str, spent: int) -> int:
    """The checksum of an amount."""
    return zlib.crc32(f"{name}|{spent}".encode())


BUDGET = Schema("budget", (TABLE, add_seals, OPEN_TABLE))


@dataclass(frozen=True, slots=True)
class BudgetRepair:
    """The result of repairing a budget file.

    Attributes:
        spent: The readable windows and their amounts in US dollars.
        unreadable: Windows with damaged amounts; they start at zero.
        aside: The damaged file.
    """

    spent: dict[str, Decimal]
    unreadable: tuple[str, ...]
    aside: str

    def __str__(self) -> str:
        lost = f", {len(self.unreadable)} could not be read and start at zero" if self.unreadable else ""
        return (
            f"recovered {number_of(len(self.spent), 'budget')}{lost}; any others in damaged places are lost and start "
            f"at zero; the damaged file is {self.aside}"
        )


class SQLiteBudgets(BudgetStore):
    """Budgets shared by all processes that open the same file. The file is created if missing.

    Args:
        db_path: Path of the SQLite file.

    Raises:
        StoreDamagedError: If the file cannot be read; see `repair`.
        StoreLostError: If the file was deleted or replaced while in use.
    """

    def __init__(self, db_path: str | os.PathLike[str]) -> None:
        self._file = SQLiteFile(db_path, BUDGET, strict=True, check=wrong_seal, repair=REPAIR)
        self.path = self._file.path
        self._late = LateWrites(self._file, self._finish_all)

    def reserve(self, windows: Sequence[BudgetWindow], amount: int) -> Refused | None:
        return self._file.write(lambda file: self._reserve(file, windows, amount))

    def settle(self, windows: Sequence[BudgetWindow], difference: int) -> None:
        self._file.write(lambda file: self._add(file, windows, difference))

    def spent(self, window: BudgetWindow) -> int:
        with self._file.connection() as file:
            return self._spent(file, window.name) or 0

    def open(self, reservation: Reservation) -> Refused | None:
        return self.open_with(reservation, nothing)[0]

    def open_with(self, reservation: Reservation, step: FileStep[T]) -> tuple[Refused | None, T | None]:
        """Like `open`, with something else in the same transaction, unless a window would be exceeded.

        Args:
            reservation: The reservation.
            step: What else is done.

        Returns:
            The window that would be exceeded, or None; and the result of `step`.
        """
        opened = self._open(reservation, step)
        # Nobody is refused because of calls of this process that have ended.
        return self._open(reservation, step) if opened[0] is not None and self._late.write() else opened

    def finish(self, reservation: Reservation, spent: int) -> None:
        self._file.write(lambda file: self._finish_all(file, [(reservation, spent)]))

    def finish_later(self, reservation: Reservation, spent: int) -> bool:
        return spent <= reservation.amount and self._late.add((reservation, spent))

    def reservations(self) -> list[Reservation]:
        """Reservations that are not finished: of running calls and of ended processes.

        Returns:
            The reservations, of all processes that use the file.

        Raises:
            StoreDamagedError: If a row of the file cannot be read.
        """
        stored = self._file.fetch_all("SELECT key, reservation FROM budget_open")
        try:
            return [Reservation.from_text(key, text) for key, text in stored]
        except StoreDamagedError as error:
            raise StoreDamagedError(f"{error} It is in {self._file.path}. {REPAIR}") from error

    @staticmethod
    def repair(db_path: str | os.PathLike[str]) -> BudgetRepair | None:
        """Checks a budget file, and recovers a damaged one into a new file.

        Running clients continue with the new file.

        Args:
            db_path: The file.

        Returns:
            What was recovered, or None if the file is intact.
        """
        return repair_budgets(Path(db_path).expanduser())

    def close(self) -> None:
        self._file.close()

    def _open(self, reservation: Reservation, step: FileStep[T]) -> tuple[Refused | None, T | None]:
        def both(file: sqlite3.Connection) -> tuple[Refused | None, T | None]:
            refused = self._reserve(file, reservation.windows, reservation.amount)
            if refused is not None:
                return refused, None
            stored = (reservation.key, reservation.to_text())
            file.execute("INSERT INTO budget_open (key, reservation) VALUES (?, ?)", stored)
            return None, step(file)

        return self._file.write(both, late=False)

    def _finish_all(self, file: sqlite3.Connection, entries: Sequence[tuple[Reservation, int]]) -> None:
        """Finishes reservations with their real costs."""
        amounts: dict[BudgetWindow, int] = {}
        for reservation, spent in entries:
            is_open = file.execute("DELETE FROM budget_open WHERE key = ?", (reservation.key,)).rowcount
            # A reservation that was closed in the meantime is no longer counted.
            amount = spent - reservation.amount if is_open else spent
            for window in reservation.windows:
                amounts[window] = amounts.get(window, 0) + amount
        for window, amount in amounts.items():
            self._add(file, [window], amount)

    def _reserve(self, file: sqlite3.Connection, windows: Sequence[BudgetWindow], amount: int) -> Refused | None:
        spent: list[int] = []
        for number, window in enumerate(windows):
            known = self._spent(file, window.name)
            if known is None:
                file.execute("DELETE FROM budget WHERE expires < ?", (time.time(),))
            if (known or 0) + amount > window.limit:
                return number, known or 0
            spent.append((known or 0) + amount)
        if len({window.name for window in windows}) < len(windows):
            self._add(file, windows, amount)  # two budgets that share a window count twice
            return None
        for window, sum_now in zip(windows, spent, strict=True):
            self._write(file, window, sum_now)
        return None

    def _add(self, file: sqlite3.Connection, windows: Sequence[BudgetWindow], amount: int) -> None:
        for window in windows:
            self._write(file, window, (self._spent(file, window.name) or 0) + amount)

    def _write(self, file: sqlite3.Connection, window: BudgetWindow, spent: int) -> None:
        file.execute(WRITE, (window.name, spent, window.expires, seal(window.name, spent)))

    def _spent(self, file: sqlite3.Connection, name: str) -> int | None:
        row = file.execute("SELECT spent, seal FROM budget WHERE name = ?", (name,)).fetchone()
        if row is None:
            return None
        if not isinstance(row[0], int) or row[1] != seal(name, row[0]):
            raise StoreDamagedError(f"the budget {name!r} in {self._file.path} is damaged. {REPAIR}")
        return row[0]


def nothing(file: sqlite3.Connection) -> None:
    """The step of a transaction that has no other one."""


def wrong_seal(connection: sqlite3.Connection) -> str | None:
    """The amount that is not as it was written, as text; None if all are."""
    for name, spent, sealed in connection.execute("SELECT name, spent, seal FROM budget"):
        if not isinstance(spent, int) or not isinstance(name, str) or sealed != seal(name, spent):
            return f"the amount of {name!r}"
    return None


def repair_budgets(path: Path) -> BudgetRepair | None:
    """Recovers a damaged file; None if it is intact.

    Raises:
        StoreError: If there is no such file.
    """
    if not path.exists():
        raise StoreError(f"there is no file {path}. A new store starts with budgets at zero.")
    if is_sound(path) and is_usable(path):
        return None
    aside = set_aside(path)
    rows, opened = read_damaged(aside)
    good = [row for row in rows if isinstance(row[1], int) and row[3] in (None, seal(row[0], row[1]))]
    create_once(path, BUDGET)
    with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as new:
        new.execute("BEGIN IMMEDIATE")
        new.executemany(WRITE, [(name, spent, expires, seal(name, spent)) for name, spent, expires, _ in good])
        new.executemany("INSERT OR IGNORE INTO budget_open (key, reservation) VALUES (?, ?)", opened)
        new.execute("REPLACE INTO store_meta VALUES (?, ?)", (REPAIRED, str(time.time())))
        new.execute("COMMIT")
    unreadable = tuple(sorted({str(row[0]) for row in rows} - {row[0] for row in good}))
    return BudgetRepair({row[0]: to_dollars(row[1]) for row in good}, unreadable, str(aside))


def is_usable(path: Path) -> bool:
    """Whether a store opens the file and reads all of it."""
    try:
        with closing(SQLiteBudgets(path)) as store:
            store.reservations()
    except StoreDamagedError:
        return False
    return True


def read_damaged(path: Path) -> tuple[Rows, Rows]:
    """The readable windows, read from both ends up to the damage, and the reservations."""
    opened: Rows = []

    def read(damaged: sqlite3.Connection) -> Rows:
        rows: dict[str, Row] = {}
        with suppress(sqlite3.DatabaseError):
            sealed = "seal" if "seal" in columns_of(damaged, "budget") else "NULL"
            for order, start, sign in (("", "", ">"), ("DESC", "\U0010ffff", "<")):
                rows.update(walk(damaged, f"name, spent, expires, {sealed}", order, start, sign))
        with suppress(sqlite3.DatabaseError):
            stored = damaged.execute("SELECT key, reservation FROM budget_open").fetchall()
            opened[:] = [row for row in stored if is_reservation(*row)]
        return list(rows.values())

    return salvage(path, [BUDGET.prepare], "budget", read), opened


def is_reservation(key: str, text: str) -> bool:
    """Whether a stored reservation can be read."""
    with suppress(StoreDamagedError):
        Reservation.from_text(key, text)
        return True
    return False


def walk(damaged: sqlite3.Connection, columns: str, order: str, start: str, sign: str) -> dict[str, Row]:
    """The windows from one end up to the damage."""
    rows: dict[str, Row] = {}
    query = f"SELECT {columns} FROM budget WHERE name {sign} ? ORDER BY name {order} LIMIT 1"
    with suppress(sqlite3.DatabaseError):
        while (row := damaged.execute(query, (start,)).fetchone()) and row[0] not in rows:
            rows[row[0]], start = row, row[0]
    return rows
