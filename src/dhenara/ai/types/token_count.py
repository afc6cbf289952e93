"""Token counts of a request before it is sent."""

from __future__ import annotations

from .result import OperationResponse


class TokenCountResponse(OperationResponse):
    """Number of input tokens. `estimated` is True if it was estimated from the length of the text."""

    input_tokens: int = 0
    estimated: bool = False
