"""Open rows: requests that have left and are not accounted for yet.

A row is opened before its request leaves and settled when its answer is over. What stays open belongs to a call that
still runs, or to a process that was killed in the middle: then the row is abandoned, and can be closed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from ..storage.errors import StoreDamagedError
from ..storage.process import Owner, this_process
from .data import UsageData

LEASE = 900.0
"""Seconds after which an open row of another machine counts as abandoned, where its call has no deadline."""

TO_SPARE = 60.0
"""Seconds after its deadline at which a call of another machine is taken for dead."""

CLOSED = "the process ended before the answer was accounted for"


@dataclass(frozen=True, slots=True)
class OpenRow:
    """A request without a known end.

    Attributes:
        row: What is known of it; its outcome is `open` or `abandoned`.
        owner: The process that sent it.
        expires: Until when a process of another machine is believed to be running, in seconds since 1970.
    """

    row: UsageData
    owner: Owner
    expires: float

    @property
    def key(self) -> str:
        return self.row.row_id or ""

    @property
    def abandoned(self) -> bool:
        """Whether its process has ended."""
        return self.row.outcome == "abandoned"


def make_open(row: UsageData, owner: Owner, expires: float) -> OpenRow:
    """The open row as it is now."""
    ended = owner.has_ended()
    gone = time.time() > expires if ended is None else ended
    outcome = "abandoned" if gone else "open"
    return OpenRow(row.model_copy(update={"outcome": outcome}), owner, expires)


def expiry(seconds: float | None) -> float:
    """When a call with so many seconds left is taken for dead on other machines."""
    return time.time() + (LEASE if seconds is None else seconds + TO_SPARE)


def closed_row(row: UsageData) -> UsageData:
    """The row of a request whose end nobody will know: it may have cost something."""
    return row.model_copy(update={"outcome": "interrupted", "error": CLOSED, "cost_reason": CLOSED})


def owner_text() -> str:
    return this_process().to_text()


def read_row(text: str | bytes) -> UsageData:
    """A stored row; fields that only newer versions know are left out.

    Raises:
        StoreDamagedError: if it is no row.
    """
    try:
        return UsageData.model_validate_json(text)
    except ValidationError as error:
        return read_newer(text, error)


def read_newer(text: str | bytes, error: ValidationError) -> UsageData:
    try:
        match: Any = from_json(text)
        if not isinstance(match, dict):
            raise ValueError("it is no object")
        return UsageData.model_validate({name: match[name] for name in UsageData.model_fields if name in match})
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
    """A row from its columns, where its text is damaged."""
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
        wrong = {str(one["loc"][0]) for one in error.errors() if one["loc"]}
        return UsageData.model_validate({name: value for name, value in facts.items() if name not in wrong})


def tags_of(text: str) -> dict[str, str]:
    """The tags of a row; none where they are damaged."""
    try:
        tags: Any = from_json(text)
    except ValueError:
        return {}
    return tags if isinstance(tags, dict) else {}


def first_of(moment: datetime | None) -> float:
    return moment.timestamp() if moment else float("-inf")
