"""Token counts: how long a call would be, before it is made."""

from __future__ import annotations

from .result import OperationResponse


class TokenCountResponse(OperationResponse):
    """`estimated` is true where nobody counted: the number then rests on the length of the text alone."""

    input_tokens: int = 0
    estimated: bool = False
