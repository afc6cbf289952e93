"""What came of one row, as it is written down and as it travels between machines."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ..results import AskResult


@dataclass(frozen=True, slots=True)
class Outcome:
    """`entry` is what a line of the journal says of it."""

    entry: dict[str, Any]
    tokens: int = 0
    cost: Decimal | None = None

    @property
    def ok(self) -> bool:
        return self.entry["error"] is None


def read_outcome(result: AskResult) -> Outcome:
    """What is kept of an answer, or of what went wrong."""
    entry = {
        "text": result.text if result.ok else None,
        "error": None if result.ok else f"{type(result.error).__name__}: {result.error}",
        "provider": result.provider,
        "model": result.model,
        "finish_reason": result.finish_reason,
        "prompt_tokens": result.usage.prompt_tokens,
        "completion_tokens": result.usage.completion_tokens,
        "cost": None if result.cost is None else str(result.cost),
    }
    return Outcome(entry, result.usage.total_tokens, result.cost)
