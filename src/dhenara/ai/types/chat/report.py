"""Attempts, warnings, plan and fingerprint of a call, and the base classes of results."""

import hashlib
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import Field

from ...errors import ConfigurationError
from ..content.parts import Origin
from ..display import markdown_table
from ..model_base import FrozenModel, ModelTemplate
from .usage import Costed, ReportedUsage, Usage


class Attempt(FrozenModel):
    """One request that was sent, and its outcome.

    Attributes:
        number: Number of the attempt.
        provider: Provider that the request was sent to.
        model: Model that was requested.
        outcome: `"answered"`, `"failed"`, or `"cancelled"` because another deployment answered first.
        status: HTTP status, or None if no response arrived.
        error: Error message, if the attempt failed.
        request_id: The provider's id of the request.
        waited: Delay before the request, in seconds.
        seconds: Time until the outcome was known, in seconds.
        deployment: Name of the deployment, for clients with a route or fallbacks.
        reason: Why the route chose it.
    """

    number: int
    provider: str | None = None
    model: str | None = None
    outcome: Literal["answered", "failed", "cancelled"]
    status: int | None = None
    error: str | None = None
    request_id: str | None = None
    waited: float = 0.0
    seconds: float = 0.0
    deployment: str | None = None
    reason: str | None = None


ATTEMPT = ModelTemplate(Attempt)

WarningCode = Literal[
    "unsupported_parameter",
    "unknown_parameter",
    "translated_parameter",
    "clamped_parameter",
    "dropped_content",
    "translated_content",
    "uploaded_content",
    "learned",
    "fallback_used",
    "cache_unavailable",
    "provider_warning",
]


class CallWarning(FrozenModel):
    """One warning.

    Attributes:
        code: What happened, for programs.
        message: Message for people.
        parameter: Parameter that the warning is about. Default None.
    """

    code: WarningCode
    message: str
    parameter: str | None = None


PartOutcome = Literal["verbatim", "translated", "omitted"]
"""Sent unchanged, sent in another form, or not sent."""


LOSSES = ("dropped_content", "translated_content")


class PlannedPart(FrozenModel):
    """How one part of one message is converted, and why.

    Attributes:
        message: Index of the message.
        part: Index of the part in its message.
        kind: Type of the part.
        outcome: `"verbatim"` (sent unchanged), `"translated"` (sent in another form) or `"omitted"` (not sent).
        reason: Why the part is not sent unchanged. None if it is.
        origin: Who produced the part; None for parts of the user.
    """

    message: int
    part: int
    kind: str
    outcome: PartOutcome
    reason: str | None = None
    origin: Origin | None = None


class Plan(FrozenModel):
    """How every part of the conversation is converted.

    Attributes:
        provider: Provider that the conversation is converted for.
        model: Model that the conversation is converted for.
        protocol: Protocol of the request.
        parts: The parts, in order.
        warnings: Warnings that the response would have.
    """

    provider: str
    model: str
    protocol: str
    parts: list[PlannedPart]
    warnings: list[CallWarning] = Field(default_factory=list)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield None, f"{self.provider}/{self.model}"
        yield "protocol", self.protocol
        for name in ("verbatim", "translated", "omitted", "warnings"):
            if count := len(getattr(self, name)):
                yield name, count

    def _repr_markdown_(self) -> str:
        rows = [(part.message, part.part, part.kind, part.outcome, part.reason or "") for part in self.parts]
        table = markdown_table(("message", "part", "kind", "what happens", "why"), rows)
        return f"`{self!r}`\n\n{table}"

    @property
    def lossy(self) -> bool:
        """Whether any content is lost; with `strict` this is an error."""
        return any(warning.code in LOSSES for warning in self.warnings)

    @property
    def verbatim(self) -> list[PlannedPart]:
        """Parts that are sent unchanged."""
        return [part for part in self.parts if part.outcome == "verbatim"]

    @property
    def translated(self) -> list[PlannedPart]:
        """Parts that are sent in another form."""
        return [part for part in self.parts if part.outcome == "translated"]

    @property
    def omitted(self) -> list[PlannedPart]:
        """Parts that are not sent."""
        return [part for part in self.parts if part.outcome == "omitted"]


LENGTH = 16
RANKS = {"model": 0, "tools": 2, "instructions": 3, "turns": 4}
"""Order of the parts; other parts, such as reasoning settings, come between the model and the tools."""


class FingerprintPart(FrozenModel):
    """One part of a request: its name in the request body, and the hash of its bytes."""

    name: str
    digest: str

    @property
    def place(self) -> tuple[int, int]:
        """Sort key of the part."""
        name, _, number = self.name.partition("[")
        return RANKS.get(name, 1), int(number.rstrip("]") or 0) if number else 0


class Fingerprint(FrozenModel):
    """Hashes of the parts of a request. Two requests share a provider's prompt cache as far as their fingerprints are
    equal from the start.

    In a stored conversation each turn holds only the difference to the turn before, so that the size grows linearly:
    `since` is the digest of the fingerprint before, `parts` are new or changed, and `gone` names those that were
    removed.
    """

    parts: list[FingerprintPart] = Field(default_factory=list)
    since: str | None = None
    gone: list[str] = Field(default_factory=list)

    @cached_property
    def digest(self) -> str:
        """One hash of the whole fingerprint, chained to the one before."""
        data = [self.since or "", *(f"{part.name}={part.digest}" for part in self.parts), *self.gone]
        return hashlib.sha256("\n".join(data).encode()).hexdigest()[:LENGTH]

    def changed_since(self, earlier: Self) -> str | None:
        """Return the name of the first part of the earlier request that changed or was removed.

        Args:
            earlier: Fingerprint of the earlier request.

        Returns:
            Name of the part; None if the earlier request is completely contained in this one.

        Raises:
            ConfigurationError: One of the two holds only differences, as turns of conversations do.
        """
        if self.since is not None or earlier.since is not None:
            raise ConfigurationError(
                "cannot compare fingerprints of turns, as they hold only differences. Use conversation.explain_cache() "
                "for turns, or response.fingerprint, which is complete"
            )
        here = {part.name: part.digest for part in self.parts}
        changed = next((part.name for part in earlier.parts if here.get(part.name) != part.digest), None)
        if changed is not None:
            return changed
        before = {part.name for part in earlier.parts}
        lead = [part.name for part in self.parts if not part.name.startswith("turns")]
        return next((name for name in lead if name not in before), None)

    def without(self, earlier: Self, since: str) -> Self:
        """Return only the difference to an earlier fingerprint; `since` is its digest in the conversation."""
        before = {part.name: part.digest for part in earlier.parts}
        here = {part.name for part in self.parts}
        changed = [part for part in self.parts if before.get(part.name) != part.digest]
        return type(self)(parts=changed, since=since, gone=[name for name in before if name not in here])


class Result(Costed):
    """Common fields of responses: id, model, provider, usage, cost, warnings and further provider fields.

    Attributes:
        id: The provider's id of the response.
        model: Model that answered.
        provider: Provider that answered.
        usage: Token counts; unknown if the provider reported none.
        warnings: Parameters and content that the provider does not support.
        extras: Further fields of the provider.
    """

    id: str | None = None
    model: str | None = None
    provider: str | None = None
    usage: ReportedUsage = Field(default_factory=Usage.unknown)
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

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Fields of the operation first, then what every response has; attempts, headers and times are left out."""
        shown = dict(super().__repr_args__())
        own = [name for name in shown if name not in OperationResponse.model_fields]
        for name in (*own, "id", "model", "provider", "usage", "cost", "warnings"):
            if name in shown and (name != "usage" or self.usage.known):
                yield name, shown[name]


class TokenCountResponse(OperationResponse):
    """Number of input tokens, counted by the provider or estimated from the length of the text.

    Attributes:
        input_tokens: Number of input tokens of the request.
        estimated: Whether the number is an estimate of ours. Default False.
    """

    input_tokens: int = 0
    estimated: bool = False
