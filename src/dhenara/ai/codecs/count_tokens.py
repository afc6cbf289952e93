"""Token counts: what the codecs that ask for them do alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..types.delta import Delta, ResultDelta
from ..types.token_count import TokenCountResponse
from .int_fields import count


def count_reader(field: str) -> Callable[[Any, Any], Iterator[Delta]]:
    """Reads a count that stands in this field of the answer."""

    def read(quirks: Any, body: Any) -> Iterator[Delta]:
        counted = count(body, field)
        if counted is None:
            raise ValueError(f"this is not a count of tokens: it has no {field}")
        yield ResultDelta(TokenCountResponse(input_tokens=counted))

    return read
