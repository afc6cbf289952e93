"""What every answer tells about itself, and what every operation beside chat answers with."""

from typing import Any

from pydantic import Field

from .attempt import Attempt
from .cost import Cost
from .costed import Costed
from .usage import Usage
from .warning import CallWarning


class Result(Costed):
    """Who answered, what it used and cost, and what could not be honoured."""

    id: str | None = None
    model: str | None = None
    provider: str | None = None
    usage: Usage | None = None
    cost: Cost | None = None
    warnings: list[CallWarning] = Field(default_factory=list)
    extras: dict[str, Any] = Field(default_factory=dict)


class OperationResponse(Result):
    """The answer to an operation, and what happened on its way."""

    attempts: list[Attempt] = Field(default_factory=list)
    request_id: str | None = None
    response_headers: dict[str, str] = Field(default_factory=dict)
    duration_seconds: float | None = None
