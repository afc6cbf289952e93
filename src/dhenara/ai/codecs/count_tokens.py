"""Shared parts of the token counting codecs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..types.delta import Delta, ResultDelta
from ..types.token_count import TokenCountResponse
from .int_fields import count


def count_reader(field: str) -> Callable[[Any, Any], Iterator[Delta]]:
    """Return a reader for a count in this field of the response."""

    def read(quirks: Any, body: Any) -> Iterator[Delta]:
        counted = count(body, field)
        if counted is None:
            raise ValueError(f"expected a token count, but the field {field} is missing")
        yield ResultDelta(TokenCountResponse(input_tokens=counted))

    return read
