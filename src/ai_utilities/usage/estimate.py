"""Estimates the tokens of a request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dhenara.ai import Exchange
from dhenara.ai.dataclass import dataclass

MEDIA = re.compile(r"(data:[\w.+-]+/[\w.+-]+;base64,)?[A-Za-z0-9+/_-]{1000}")
MEDIA_TOKENS = 2000
"""Minimum tokens of an image, audio or document."""

BYTES_A_MEDIA_TOKEN = 25
"""A document page has about 50 kB and up to 2,000 tokens; audio and images have fewer tokens per byte."""

USUAL_BYTES_A_TOKEN = 4
OVERHEAD = 16
"""Tokens that the provider adds per message."""


@dataclass(frozen=True, slots=True)
class TokenEstimate:
    """`usual` is the expected count, `most` an upper bound: a text token has at least one byte."""

    usual: int
    most: int


def estimate_tokens(body: Any) -> TokenEstimate:
    """The tokens of a request body, in any protocol."""
    text = media = 0
    for options in iter_strings(body):
        if MEDIA.match(options):
            media += max(MEDIA_TOKENS, len(options) * 3 // 4 // BYTES_A_MEDIA_TOKEN)
        else:
            text += len(options.encode("utf-8", "surrogatepass"))
    return TokenEstimate(text // USUAL_BYTES_A_TOKEN + media + OVERHEAD, text + media + OVERHEAD)


def estimate_request(exchange: Exchange) -> TokenEstimate:
    """The tokens of a request as sent, including uploaded media."""
    body = estimate_tokens(exchange.body)
    media = sum(max(MEDIA_TOKENS, len(part.data or b"") // BYTES_A_MEDIA_TOKEN) for part in exchange.uploads)
    return TokenEstimate(body.usual + media, body.most + media)


def iter_strings(value: Any) -> Iterator[str]:
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
