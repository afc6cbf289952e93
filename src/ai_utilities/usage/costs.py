"""What a call can cost at most, estimates of its tokens, and which operations and attempts cost nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from dhenara.ai import Exchange, Target
from dhenara.ai.catalog import find_facts, most_generated, own_prices, price_usage
from dhenara.ai.errors import CallError, ConnectionFailedError
from dhenara.ai.types import (
    Attempt,
    AudioModelCostData,
    Call,
    Cost,
    ImageModelCostData,
    Usage,
)

MANAGEMENT_OPERATIONS = ("files", "batches")
"""Operations about files and batches have no charge; the answers of a batch have."""

UNCHARGED_OPERATIONS = ("batches", "count_tokens", "files", "list_models", "moderate")
"""Operations without a charge. Answers of a batch are charged, polling it is not."""

FREE_COST = Cost(amount=Decimal(0), source="free")
REFUSED_COST = Cost(amount=Decimal(0), source="refused")


def unbilled(attempt: Attempt) -> bool:
    """Whether an attempt cannot have been charged: it was rejected, or its request was not received."""
    return unsent(attempt) or (attempt.status is not None and attempt.status >= 400)


def unsent(attempt: Attempt) -> bool:
    """Whether the request of an attempt cannot have been received: a limit held it back, or nothing was connected."""
    text = attempt.error or ""
    if "may have been received" in text:
        return False
    return text.startswith(("LimitReachedError", "ConnectionFailedError: could not reach"))


def unbilled_error(call: Call, error: CallError) -> bool:
    """Like `unbilled`, for an error that belongs to no attempt, as without retries."""
    head = call.journal.head
    if head is not None:
        return head.status >= 400
    unreceived = isinstance(error, ConnectionFailedError) and "may have been received" not in error.message
    return unreceived or (error.status or 0) >= 400


MEDIA = re.compile(r"(data:[\w.+-]+/[\w.+-]+;base64,)?[A-Za-z0-9+/_-]{1000}")
MEDIA_TOKENS = 2000
"""Minimum tokens of an image, audio or document."""

BYTES_PER_MEDIA_TOKEN = 25
"""A document page has about 50 kB and up to 2,000 tokens; audio and images have fewer tokens per byte."""

USUAL_BYTES_PER_TOKEN = 4
OVERHEAD = 16
"""Tokens that the provider adds per message."""


@dataclass(frozen=True, slots=True)
class TokenEstimate:
    """An estimate of tokens.

    Attributes:
        usual: The expected number.
        most: An upper bound: a text token has at least one byte.
    """

    usual: int
    most: int


def estimate_tokens(body: object) -> TokenEstimate:
    """Estimates the tokens of a request body of any protocol.

    Args:
        body: The body, as a JSON value. Long base64 texts count as media.
    """
    text = media = 0
    for string in iter_strings(body):
        if MEDIA.match(string):
            media += max(MEDIA_TOKENS, len(string) * 3 // 4 // BYTES_PER_MEDIA_TOKEN)
        else:
            text += len(string.encode("utf-8", "surrogatepass"))
    return TokenEstimate(text // USUAL_BYTES_PER_TOKEN + media + OVERHEAD, text + media + OVERHEAD)


def estimate_request(exchange: Exchange) -> TokenEstimate:
    """Estimates the tokens of a request as it will be sent, including uploaded media."""
    body = estimate_tokens(exchange.body)
    media = sum(max(MEDIA_TOKENS, len(part.data or b"") // BYTES_PER_MEDIA_TOKEN) for part in exchange.uploads)
    return TokenEstimate(body.usual + media, body.most + media)


def iter_strings(value: object) -> Iterator[str]:
    """All strings of a JSON value, also field names, as tool schemas are counted too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, entry in value.items():
            yield str(name)
            yield from iter_strings(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from iter_strings(entry)


def cost_upper_bound(exchange: Exchange, target: Target) -> Decimal | None:
    """The most that a call can cost.

    Args:
        exchange: The call and the request that it becomes.
        target: The endpoint.

    Returns:
        US dollars; None if the price or the length of the answer is unknown.
    """
    call = exchange.call
    return highest_cost(USAGES.get(call.operation, unknown_usages)(call, estimate_request(exchange).most), call, target)


def upper_bound_for(target: Target, call: Call, read: int) -> Decimal | None:
    """The most that a call with a prompt of so many tokens can cost; None if unknown."""
    return highest_cost(answer_usages(call, read), call, target)


def highest_cost(usages: Sequence[Usage], call: Call, target: Target) -> Decimal | None:
    """The highest cost of these usages; None if no price is known."""
    tier, base_url = call.config.service_tier, target.base_url
    costs = [price_usage(call.endpoint, usage, service_tier=tier, base_url=base_url) for usage in usages]
    return max((cost.amount for cost in costs if cost.amount is not None), default=None)


def answer_usages(call: Call, read: int) -> list[Usage]:
    """The longest answer, with and without a write to the provider's cache."""
    longest = most_generated(call, find_facts(call.endpoint))
    if longest is None:
        return []
    output = longest * (call.config.n or 1)
    return [Usage(input_tokens=read, output_tokens=output), Usage(cache_write_tokens=read, output_tokens=output)]


def embedding_usages(call: Call, read: int) -> list[Usage]:
    """Embeddings are charged by input tokens only."""
    return [Usage(input_tokens=read)]


def image_usages(call: Call, read: int) -> list[Usage]:
    """Images at the endpoint's own price, or by tokens as far as the answer limit is known."""
    if not isinstance(own_prices(call.endpoint), ImageModelCostData):
        return answer_usages(call, read)
    n = call.config.n or call.config.options.get("n") or 1
    return [Usage(units={"images": float(n)}, options=dict(call.config.options))]


def speech_usages(call: Call, read: int) -> list[Usage]:
    """Characters at the endpoint's own price."""
    from dhenara.ai.types import SpeechRequest

    request, prices = call.request, own_prices(call.endpoint)
    if not isinstance(request, SpeechRequest) or not isinstance(prices, AudioModelCostData):
        return answer_usages(call, read)
    return [Usage(units={"characters": float(len(request.text))})]


def unknown_usages(call: Call, read: int) -> list[Usage]:
    """For operations whose cost cannot be foreseen."""
    return []


USAGES: dict[str, Callable[[Call, int], list[Usage]]] = {
    "chat": answer_usages,
    "embed": embedding_usages,
    "image": image_usages,
    "speak": speech_usages,
}
