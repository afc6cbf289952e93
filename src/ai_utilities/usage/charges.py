"""Which operations and attempts a provider does not charge for."""

from __future__ import annotations

from decimal import Decimal

from dhenara.ai.errors import CallError, ConnectionFailedError
from dhenara.ai.types import Attempt, Call, Cost

MANAGEMENT_OPERATIONS = ("files", "batches")
"""Operations about files and batches have no charge; the answers of a batch have."""

UNCHARGED_OPERATIONS = ("batches", "count_tokens", "files", "list_models", "moderate")
"""Operations without a charge. Answers of a batch are charged, polling it is not."""

FREE_COST = Cost(amount=Decimal(0), source="free")
REFUSED_COST = Cost(amount=Decimal(0), source="refused")


def unbilled(attempt: Attempt) -> bool:
    """Whether nothing can have been charged for it: refused, never reached, or never sent."""
    return unsent(attempt) or (attempt.status is not None and attempt.status >= 400)


def unsent(attempt: Attempt) -> bool:
    """Whether its request cannot have been received: a limit kept it back, or there was no connection."""
    text = attempt.error or ""
    if "may have been received" in text:
        return False
    return text.startswith(("LimitReachedError", "ConnectionFailedError: could not reach"))


def unbilled_error(call: Call, error: CallError) -> bool:
    """The same for an error that no attempt has, as where nothing retries."""
    head = call.journal.head
    if head is not None:
        return head.status >= 400
    never = isinstance(error, ConnectionFailedError) and "may have been received" not in error.message
    return never or (error.status or 0) >= 400
