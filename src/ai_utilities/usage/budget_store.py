"""Where budgets are counted: what is reserved is counted as spent until it is settled."""

from __future__ import annotations

import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from ..storage.redis import RedisServer
from ..storage.sqlite import SQLiteFile
from .budget import Account

Refused = tuple[int, int]
"""Which of the accounts has too little left, and what is spent of it."""


class BudgetStore(ABC):
    """A process that dies between the two steps leaves its reservation counted until the window is over."""

    waits: ClassVar[bool] = True

    @abstractmethod
    def reserve(self, accounts: Sequence[Account], amount: int) -> Refused | None:
        """Counts the amount on all accounts, or on none if one has too little left: then it says which."""

    @abstractmethod
    def settle(self, accounts: Sequence[Account], difference: int) -> None:
        """Corrects what was reserved to what was spent."""

    @abstractmethod
    def spent(self, account: Account) -> int:
        """What is spent or reserved."""

    def close(self) -> None:  # noqa: B027  # a memory holds nothing open
        """Lets go of files and connections."""


class MemoryBudgets(BudgetStore):
    """For one process."""

    waits: ClassVar[bool] = False

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent: dict[str, int] = {}
        self._expires: dict[str, float] = {}

    def reserve(self, accounts: Sequence[Account], amount: int) -> Refused | None:
        with self._lock:
            for number, account in enumerate(accounts):
                spent = self._spent.get(account.name, 0)
                if spent + amount > account.limit:
                    return number, spent
            for account in accounts:
                self._add(account, amount)
        return None

    def settle(self, accounts: Sequence[Account], difference: int) -> None:
        with self._lock:
            for account in accounts:
                self._add(account, difference)

    def spent(self, account: Account) -> int:
        return self._spent.get(account.name, 0)

    def _add(self, account: Account, amount: int) -> None:
        if account.name not in self._spent:
            self._forget()
            if account.expires is not None:
                self._expires[account.name] = account.expires
        self._spent[account.name] = self._spent.get(account.name, 0) + amount

    def _forget(self) -> None:
        """Windows that are long over."""
        now = time.time()
        for name in [name for name, at in self._expires.items() if at < now]:
            del self._expires[name], self._spent[name]


SCHEMA = (
    "CREATE TABLE IF NOT EXISTS budget (name TEXT PRIMARY KEY, spent INTEGER NOT NULL, expires REAL) WITHOUT ROWID;"
)
ADD = """
INSERT INTO budget VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET spent = spent + excluded.spent
"""


class SQLiteBudgets(BudgetStore):
    """For all processes that open the same file."""

    def __init__(self, db_path: str | os.PathLike[str]) -> None:
        self._file = SQLiteFile(db_path, SCHEMA)

    def reserve(self, accounts: Sequence[Account], amount: int) -> Refused | None:
        with self._file.writing() as file:
            for number, account in enumerate(accounts):
                row = file.execute("SELECT spent FROM budget WHERE name = ?", (account.name,)).fetchone()
                spent = row[0] if row else 0
                if row is None:
                    file.execute("DELETE FROM budget WHERE expires < ?", (time.time(),))
                if spent + amount > account.limit:
                    return number, spent
            file.executemany(ADD, [(account.name, amount, account.expires) for account in accounts])
        return None

    def settle(self, accounts: Sequence[Account], difference: int) -> None:
        with self._file.writing() as file:
            file.executemany(ADD, [(account.name, difference, account.expires) for account in accounts])

    def spent(self, account: Account) -> int:
        row = self._file.one("SELECT spent FROM budget WHERE name = ?", (account.name,))
        return row[0] if row else 0

    def close(self) -> None:
        self._file.close()


RESERVE = """
local amount = tonumber(ARGV[1])
for i, key in ipairs(KEYS) do
  local spent = tonumber(redis.call('GET', key) or '0')
  if spent + amount > tonumber(ARGV[2 * i]) then return {i - 1, spent} end
end
for i, key in ipairs(KEYS) do
  redis.call('INCRBY', key, ARGV[1])
  if ARGV[2 * i + 1] ~= '' then redis.call('EXPIREAT', key, ARGV[2 * i + 1]) end
end
return {}
"""


class RedisBudgets(BudgetStore):
    """For all machines that reach the same Redis or Valkey server."""

    def __init__(self, server: Any = "redis://127.0.0.1:6379/0", *, prefix: str = "ai_utilities:budget") -> None:
        self._server = RedisServer(server, prefix)

    def reserve(self, accounts: Sequence[Account], amount: int) -> Refused | None:
        said: list[str | int] = [amount]
        for account in accounts:
            said += [account.limit, "" if account.expires is None else int(account.expires)]
        with self._server.asked() as client:
            found = client.eval(RESERVE, len(accounts), *map(self._key, accounts), *said)
        return (int(found[0]), int(found[1])) if found else None

    def settle(self, accounts: Sequence[Account], difference: int) -> None:
        with self._server.asked() as client:
            pipe = client.pipeline(transaction=True)
            for account in accounts:
                pipe.incrby(self._key(account), difference)
                if account.expires is not None:
                    pipe.expireat(self._key(account), int(account.expires))
            pipe.execute()

    def spent(self, account: Account) -> int:
        with self._server.asked() as client:
            return int(client.get(self._key(account)) or 0)

    def close(self) -> None:
        self._server.close()

    def _key(self, account: Account) -> str:
        return self._server.named(account.name)
