"""Base classes of responses other than chat, and the response of token counting."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ..chat.report import Attempt, CallWarning
from ..chat.usage import Costed, Usage


class Result(Costed):
    """Common fields of responses: id, model, provider, usage, cost, warnings and further provider fields."""

    id: str | None = None
    model: str | None = None
    provider: str | None = None
    usage: Usage | None = None
    warnings: list[CallWarning] = Field(default_factory=list)
    extras: dict[str, Any] = Field(default_factory=dict)


class OperationResponse(Result):
    """Response to an operation other than chat, with its attempts, request id, headers and duration."""

    attempts: list[Attempt] = Field(default_factory=list)
    request_id: str | None = None
    response_headers: dict[str, str] = Field(default_factory=dict)
    duration_seconds: float | None = None


class TokenCountResponse(OperationResponse):
    """Number of input tokens. `estimated` is True if it was estimated from the length of the text."""

    input_tokens: int = 0
    estimated: bool = False
