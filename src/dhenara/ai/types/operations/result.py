"""Base classes of responses other than chat, and the response of token counting."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ..chat.report import Attempt, CallWarning
from ..chat.usage import Costed, Usage


class Result(Costed):
    """Common fields of responses: id, model, provider, usage, cost, warnings and further provider fields.

    Attributes:
        id: The provider's id of the response.
        model: Model that answered.
        provider: Provider that answered.
        usage: Token counts.
        warnings: Parameters and content that the provider does not support.
        extras: Further fields of the provider.
    """

    id: str | None = None
    model: str | None = None
    provider: str | None = None
    usage: Usage | None = None
    warnings: list[CallWarning] = Field(default_factory=list)
    extras: dict[str, Any] = Field(default_factory=dict)


class OperationResponse(Result):
    """Response to an operation other than chat, with its attempts, request id, headers and duration.

    Attributes:
        attempts: One record for each request that was sent.
        request_id: The provider's id of the last request.
        response_headers: HTTP headers of the last response.
        duration_seconds: Time from the call to the response, in seconds.
    """

    attempts: list[Attempt] = Field(default_factory=list)
    request_id: str | None = None
    response_headers: dict[str, str] = Field(default_factory=dict)
    duration_seconds: float | None = None


class TokenCountResponse(OperationResponse):
    """Number of input tokens, counted by the provider or estimated from the length of the text.

    Attributes:
        input_tokens: Number of input tokens of the request.
        estimated: Whether the number is an estimate of ours. Default False.
    """

    input_tokens: int = 0
    estimated: bool = False
