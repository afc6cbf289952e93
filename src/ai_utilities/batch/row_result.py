"""What came of one row, as it is written down and as it travels between machines."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from dhenara.ai.dataclass import dataclass
from dhenara.ai.error_text import without_contents
from dhenara.ai.types import BatchItem

from ..results import AskResult
from ..telemetry.redaction import redact

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
