"""Open rows: requests that were sent and whose outcome is not known yet.

A row is opened before its request is sent, and settled when the answer ends. An open row belongs to a running call, or
to a process that was killed: then the row is abandoned and can be closed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import ValidationError
from pydantic_core import from_json

from ..storage.store_io import Owner, StoreDamagedError, this_process
from .data import UsageData

LEASE = 900.0
"""Seconds after which an open row of another machine counts as abandoned, if its call has no deadline."""

TO_SPARE = 60.0
"""Seconds after its deadline from which an open row of another machine counts as abandoned."""

CLOSED = "the process ended before the outcome was recorded"


@dataclass(frozen=True, slots=True)
class OpenRow:
    """A request whose outcome is not known.

    Attributes:
        row: Its row, with the outcome `open` or `abandoned`.
        owner: The process that sent it.
        expires: From when on the process counts as ended for other machines, in Unix seconds.
    """

    row: UsageData
    owner: Owner
    expires: float

    @property
    def key(self) -> str:
        """The id of the row."""
        return self.row.row_id or ""

    @property
    def abandoned(self) -> bool:
        """Whether its process has ended."""
        return self.row.outcome == "abandoned"


def make_open(row: UsageData, owner: Owner, expires: float) -> OpenRow:
    """The open row, with the outcome that it has now.

    Args:
        row: The stored row.
        owner: The process that sent the request.
        expires: From when on the process counts as ended for other machines, in Unix seconds.
    """
    ended = owner.has_ended()
    gone = time.time() > expires if ended is None else ended
    outcome = "abandoned" if gone else "open"
    return OpenRow(row.model_copy(update={"outcome": outcome}), owner, expires)


def expiry(seconds: float | None) -> float:
    """From when on the process of a call counts as ended for other machines, in Unix seconds.

    Args:
        seconds: The seconds that the call has left; None without a deadline.
    """
    return time.time() + (LEASE if seconds is None else seconds + TO_SPARE)


def closed_row(row: UsageData) -> UsageData:
    """The row of a request whose outcome will stay unknown; so does its cost."""
    return row.model_copy(update={"outcome": "interrupted", "error": CLOSED, "cost_reason": CLOSED})


def read_open_row(owner: str, expires: float, text: str) -> OpenRow:
    """Reads a stored open row.

    Args:
        owner: The stored process.
        expires: From when on the process counts as ended for other machines, in Unix seconds.
        text: The stored row.

    Raises:
        StoreDamagedError: If it is damaged.
    """
    return make_open(read_row(text), Owner.from_text(owner), expires)


def owner_text() -> str:
    """This process, in the form in which stores keep it."""
    return this_process().to_text()


def read_row(text: str | bytes) -> UsageData:
    """Reads a stored row. Fields that only newer versions know are left out.

    Raises:
        StoreDamagedError: If it is not a row.
    """
    try:
        return UsageData.model_validate_json(text)
    except ValidationError as error:
        return read_newer(text, error)


def read_newer(text: str | bytes, error: ValidationError) -> UsageData:
    try:
        fields: object = from_json(text)
        if not isinstance(fields, dict):
            raise ValueError("it is not an object")
        return UsageData.model_validate({name: fields[name] for name in UsageData.model_fields if name in fields})
    except (ValueError, TypeError):
        raise StoreDamagedError(f"a row of the usage ledger is damaged: {error.errors()[0]['msg']}.") from error


def row_of(
    at: float | None,
    provider: str | None,
    model: str | None,
    outcome: str,
    cached: int,
    prompt: int,
    completion: int,
    cost: str | None,
    saved: str | None,
    tags: str,
) -> UsageData:
    """A row from its columns, for rows whose JSON is damaged; wrong values are left out."""
    facts = {
        "started_at": None if at is None else datetime.fromtimestamp(at, UTC),
        "provider": provider,
        "model": model,
        "outcome": outcome,
        "cached": bool(cached),
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "cost": cost,
        "saved_cost": saved,
        "tags": tags_of(tags),
    }
    try:
        return UsageData.model_validate(facts)
    except ValidationError as error:
        wrong = {str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}
        return UsageData.model_validate({name: value for name, value in facts.items() if name not in wrong})


def tags_of(text: str) -> dict[str, str]:
    """The tags of a row; none if they are damaged."""
    try:
        tags: object = from_json(text)
    except ValueError:
        return {}
    return tags if isinstance(tags, dict) else {}


def start_time(row: UsageData) -> float:
    """When the call of a row began, in Unix seconds; 0 if unknown."""
    return row.started_at.timestamp() if row.started_at else 0.0
