"""Estimates of the tokens of a request, and which operations and attempts cost nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO

from dhenara.ai import Exchange
from dhenara.ai.errors import CallError, ConnectionFailedError
from dhenara.ai.types import Attempt, Call, Cost

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
        body: The body, as a JSON value. Long base64 texts count as media, except in the fields of texts.
    """
    text = media = 0
    for field, string in iter_fields(body):
        if MEDIA.match(string) and (field not in TEXT_FIELDS or string.startswith("data:")):
            media += max(MEDIA_TOKENS, len(string) * 3 // 4 // BYTES_PER_MEDIA_TOKEN)
        else:
            text += len(string.encode("utf-8", "surrogatepass"))
    return TokenEstimate(text // USUAL_BYTES_PER_TOKEN + media + OVERHEAD, text + media + OVERHEAD)


def estimate_request(exchange: Exchange) -> TokenEstimate:
    """Estimates the tokens of a request as it will be sent, including uploaded media."""
    body = estimate_tokens(exchange.body)
    media = sum(max(MEDIA_TOKENS, len(part.data or b"") // BYTES_PER_MEDIA_TOKEN) for part in exchange.uploads)
    return TokenEstimate(body.usual + media, body.most + media)


TEXT_FIELDS = frozenset({"arguments", "content", "input", "instructions", "output", "prompt", "system", "text"})
"""Fields with texts in any protocol: a text may look like base64, and then has many tokens."""


def iter_strings(value: object) -> Iterator[str]:
    """All strings of a JSON value, also field names, as tool schemas are counted too."""
    return (string for _, string in iter_fields(value))


def iter_fields(value: object, field: str = "") -> Iterator[tuple[str, str]]:
    """All strings of a JSON value with the name of their field, and the field names themselves."""
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, dict):
        for name, entry in value.items():
            yield "", str(name)
            yield from iter_fields(entry, str(name))
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from iter_fields(entry, field)


def count_pages(data: bytes) -> int | None:
    """The pages of a PDF file; None if it cannot be read, or without pypdf."""
    if b"%PDF-" not in data[:1024]:
        return None
    try:
        import pypdf
    except ImportError:
        return None
    try:
        return len(pypdf.PdfReader(BytesIO(data)).pages)
    except Exception:  # noqa: BLE001  # pypdf raises arbitrary exceptions for damaged files
        return None
