"""The result of one row, and the progress and report of a whole bulk run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dhenara.ai.integration import without_contents
from dhenara.ai.types import BatchItem

from ..results import AskResult
from ..telemetry.redaction import redact


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """How far a run is. `total` is None where nobody knows how many rows there are. Unknown cost stays unknown."""

    answered: int = 0
    failed: int = 0
    reused: int = 0
    tokens: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0
    total: int | None = None
    waiting: int = 0
    """Rows that were handed over to the provider and have no answer yet."""

    @property
    def done(self) -> int:
        return self.answered + self.failed + self.reused


@dataclass(frozen=True, slots=True)
class BulkReport(BulkProgress):
    """The end of a run. `kept` answers were there from an earlier run and were not paid for again."""

    seconds: float = 0.0
    output: str = ""

    @property
    def ok(self) -> bool:
        """Whether every row has an answer."""
        return self.failed == 0 and self.waiting == 0

    def __str__(self) -> str:
        money = f"${self.cost.normalize():f}" if not self.unpriced else f"${self.cost.normalize():f} and more"
        stored = f", {self.reused} kept from before" if self.reused else ""
        stored += f", {self.waiting} not answered yet" if self.waiting else ""
        return (
            f"{self.answered} answered, {self.failed} failed{stored}; {self.tokens} tokens, {money}, "
            f"{self.seconds:.1f} s -> {self.output}"
        )


OnProgress = Callable[[BulkProgress], object]


MAX_ERROR_LENGTH = 400
"""Characters of an error that are kept."""


@dataclass(frozen=True, slots=True)
class RowResult:
    """`entry` is what a line of the journal says of it."""

    entry: dict[str, Any]
    tokens: int = 0
    cost: Decimal | None = None

    @property
    def ok(self) -> bool:
        return self.entry["error"] is None


def result_from_answer(result: AskResult) -> RowResult:
    """What is kept of an answer, or of what went wrong."""
    entry = {
        "text": result.text if result.ok else None,
        "error": None if result.ok else describe(result.error),
        "provider": result.provider,
        "model": result.model,
        "finish_reason": result.finish_reason,
        "prompt_tokens": result.usage.prompt_tokens,
        "completion_tokens": result.usage.completion_tokens,
        "cost": None if result.cost is None else str(result.cost),
    }
    return RowResult(entry, result.usage.total_tokens, result.cost)


def result_from_batch_item(item: BatchItem, provider: str | None, model: str | None) -> RowResult:
    """The same of an item of a batch."""
    answer = item.response
    if answer is None:
        return result_from_error(item.error, provider, model)
    usage, cost = answer.usage, answer.cost
    entry = {
        "text": answer.text() or answer.refusal() or "",
        "error": None,
        "provider": answer.provider,
        "model": answer.model,
        "finish_reason": answer.finish_reason,
        "prompt_tokens": usage.prompt_tokens if usage else 0,
        "completion_tokens": usage.completion_tokens if usage else 0,
        "cost": None if cost is None or cost.amount is None else str(cost.amount),
    }
    return RowResult(entry, usage.total_tokens if usage else 0, None if cost is None else cost.amount)


def result_from_error(error: BaseException | None, provider: str | None = None, model: str | None = None) -> RowResult:
    """A row without an answer."""
    return RowResult({"text": None, "error": describe(error), "provider": provider, "model": model})


def describe(error: BaseException | None) -> str:
    """The text of an error as journals keep it: shortened, without long quotes of what was sent and without secrets."""
    return f"{type(error).__name__}: {redact(without_contents(str(error), most=MAX_ERROR_LENGTH))}"
