"""Reservations: what of budgets is set aside for calls that are on their way.

A reservation counts as spent from the moment in which it is made. It is finished when the bill of its call is known.
One whose process was killed is abandoned: it stays counted at the worst case until it is closed.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from decimal import Decimal

from pydantic_core import from_json, to_json

from dhenara.ai.dataclass import dataclass

from ..storage.owner import Owner, this_process
from .budget import BudgetWindow, to_dollars
from .open_rows import expiry


@dataclass(frozen=True, slots=True)
class Reservation:
    """An amount, in billionths of a dollar, that is counted on some accounts.

    Attributes:
        key: Its id.
        accounts: The budgets, each in one window.
        amount: The most that the call can cost.
        owner: The process that made it.
        at: When it was made, in seconds since 1970.
        expires: Until when a process of another machine is believed to be running.
    """

    key: str
    accounts: tuple[BudgetWindow, ...]
    amount: int
    owner: Owner
    at: float
    expires: float

    @property
    def abandoned(self) -> bool:
        """Whether its process has ended."""
        ended = self.owner.has_ended()
        return time.time() > self.expires if ended is None else ended

    @property
    def cost(self) -> Decimal:
        """The amount in dollars."""
        return to_dollars(self.amount)

    def to_text(self) -> str:
        accounts = [[one.name, one.limit, one.expires] for one in self.accounts]
        return to_json([accounts, self.amount, self.owner.to_text(), self.at, self.expires]).decode()

    @classmethod
    def from_text(cls, key: str, text: str) -> Reservation:
        accounts, amount, owner, at, expires = from_json(text)
        return cls(key, tuple(BudgetWindow(*one) for one in accounts), amount, Owner.from_text(owner), at, expires)


def make_reservation(accounts: Sequence[BudgetWindow], amount: int, left: float | None) -> Reservation:
    """For a call that has so many seconds left."""
    return Reservation(uuid.uuid4().hex, tuple(accounts), amount, this_process(), time.time(), expiry(left))
