"""How many tokens a request may be, before anybody has counted them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dhenara.ai import Exchange
from dhenara.ai.dataclass import dataclass

MEDIA = re.compile(r"(data:[\w.+-]+/[\w.+-]+;base64,)?[A-Za-z0-9+/_-]{1000}")
MEDIA_TOKENS = 2000
"""The least that a picture, a sound or a document is taken for."""

BYTES_A_MEDIA_TOKEN = 25
"""A page of a document has some 50 kB and up to 2,000 tokens; sounds and pictures have fewer tokens for their bytes."""

USUAL_BYTES_A_TOKEN = 4
OVERHEAD = 16
"""What the provider adds around messages."""


@dataclass(frozen=True, slots=True)
class TokenEstimate:
    """`usual` is what to expect, `most` what it cannot exceed: a token of text is at least one byte of it."""

    usual: int
    most: int


def estimate_tokens(body: Any) -> TokenEstimate:
    """The tokens of a request body, in whatever protocol."""
    text = media = 0
    for options in iter_strings(body):
        if MEDIA.match(options):
            media += max(MEDIA_TOKENS, len(options) * 3 // 4 // BYTES_A_MEDIA_TOKEN)
        else:
            text += len(options.encode("utf-8", "surrogatepass"))
    return TokenEstimate(text // USUAL_BYTES_A_TOKEN + media + OVERHEAD, text + media + OVERHEAD)


def estimate_request(exchange: Exchange) -> TokenEstimate:
    """The tokens of a request as it will be sent, with the media that are uploaded instead of standing in its body."""
    body = estimate_tokens(exchange.body)
    media = sum(max(MEDIA_TOKENS, len(part.data or b"") // BYTES_A_MEDIA_TOKEN) for part in exchange.uploads)
    return TokenEstimate(body.usual + media, body.most + media)


def iter_strings(value: Any) -> Iterator[str]:
    """Every string of a JSON value, names of fields too: schemas of tools are read as well."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, entry in value.items():
            yield str(name)
            yield from iter_strings(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from iter_strings(entry)
