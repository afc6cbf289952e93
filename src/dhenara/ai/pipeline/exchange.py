"""Exchanges: a call with its encoded request, encoded once for all layers and for sending.

Layers that need to know what will be sent (a cache for its key, a budget for the prompt size) take the exchange of a
call from their target. The first of them encodes it and fetches media that the provider does not fetch itself; later
layers and the final request reuse the result. It is valid until something the request is made of is replaced: a layer
that changes messages, settings or endpoint causes a new encoding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pydantic_core import PydanticSerializationError

from ..codecs.common.plan import build_plan, is_portability_relevant
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from ..catalog.learned_constraints import LearnedConstraint
    from ..codecs.base import EncodedRequest
    from ..http.protocol.message import HttpRequest
    from ..io.protocol import IO
    from ..providers.target import ResolvedTarget as ResolvedTarget
    from ..types.chat.report import CallWarning
    from ..types.config.api import AIModelEndpoint
    from ..types.config.call import Call
    from ..types.content.base import Origin
    from ..types.content.media import Media
    from .request_builder import RequestBuilder


class Target(Protocol):
    """Where the calls of a client go; a layer gets it in `bind(io, target)`."""

    @property
    def origin(self) -> Origin:
        """Provider, model and protocol."""
        ...

    @property
    def endpoint(self) -> AIModelEndpoint:
        """The endpoint, with the provider's name for the model."""
        ...

    @property
    def base_url(self) -> str:
        """Base URL; the protocol's paths are appended to it."""
        ...

    @property
    def account(self) -> str:
        """Keyed hash of the configured credentials, or of the file or profile name if only that is known."""
        ...

    @property
    def price_share(self) -> float:
        """Share of the list price charged here; less than 1 for batches."""
        ...

    async def exchange(self, call: Call) -> Exchange:
        """Return the call with the request that it is encoded to.

        Args:
            call: The call as the layer is about to send it.

        Returns:
            The exchange; a previous one is reused unless messages, settings or endpoint were replaced.

        Raises:
            DhenaraError: If the call cannot be encoded; sending it would raise the same error.
        """
        ...


class EncodedCall:
    """One encoding of a call, with values derived from it."""

    __slots__ = ("encoded", "lessons", "original", "request", "sent", "target")

    def __init__(
        self,
        original: Call,
        sent: Call,
        encoded: EncodedRequest,
        target: ResolvedTarget,
        lessons: tuple[LearnedConstraint, ...],
    ) -> None:
        self.original = original
        self.sent = sent
        """The call with fetched media."""
        self.encoded = encoded
        self.target = target
        self.lessons = lessons
        self.request: HttpRequest | None = None

    def holds_for(self, call: Call, target: ResolvedTarget, lessons: tuple[LearnedConstraint, ...]) -> bool:
        """Return whether this call would be encoded to the same request."""
        known = self.original
        return (
            target is self.target
            and call.messages is known.messages
            and call.config is known.config
            and call.endpoint is known.endpoint
            and call.instructions is known.instructions
            and call.operation == known.operation
            and call.request is known.request
            and lessons == self.lessons
        )

    def unsigned(self) -> HttpRequest:
        """Return the complete HTTP request without signature, serialized once."""
        if self.request is None:
            self.request = self.target.unsigned(self.encoded, self.sent)
        return self.request


@dataclass(frozen=True, slots=True)
class Exchange:
    """A call and its encoded request, with fetched media, learned constraints and model limits applied."""

    call: Call
    encoded: EncodedCall
    encoder: Encoder

    @property
    def body(self) -> Mapping[str, Any]:
        """The JSON body; empty if the body is not JSON."""
        return self.encoded.encoded.body

    @property
    def warnings(self) -> tuple[CallWarning, ...]:
        """Warnings about parts and parameters that could not be sent unchanged."""
        return self.encoded.encoded.warnings

    @property
    def uploads(self) -> tuple[Media, ...]:
        """Media that are too large for the body and are uploaded before the request is sent."""
        return self.encoded.encoded.oversized

    async def key(self, *, share_accounts: bool = False) -> str:
        """Return a hash of everything that is sent and where; the same for streaming and non-streaming calls.

        Args:
            share_accounts: Ignore which credentials are used. By default different accounts have different keys.

        Returns:
            A hexadecimal SHA-256 that reveals no secret.

        Raises:
            DhenaraError: If credentials could not be fetched or the request cannot be serialized.
        """
        from .request_key import request_key

        return await request_key(self, share_accounts=share_accounts)


class Encoder:
    """Encodes the calls of one client and target."""

    def __init__(self, io: IO, target: ResolvedTarget, builder: RequestBuilder) -> None:
        self.io = io
        self.target = target
        self.builder = builder

    async def exchange(self, call: Call) -> Exchange:
        """Return the exchange of a call; the previous encoding is reused if it is still valid."""
        await self.builder.load_lessons(self.io)
        lessons = self.builder.lessons()
        known = call.journal.encoded
        if known is None or not known.holds_for(call, self.target, lessons):
            known = call.journal.encoded = await self._encoded(call, lessons)
        return Exchange(call, known, self)

    async def _encoded(self, call: Call, lessons: tuple[LearnedConstraint, ...]) -> EncodedCall:
        encoded = self.encoded(call)
        if is_portability_relevant(call, encoded, self.target.origin.protocol):
            call.journal.plan = build_plan(call, encoded, self.target.origin)
        sent = call
        if encoded.unfetched:
            from .media.fetch import fetch_media

            sent = await fetch_media(self.io, call, encoded.unfetched)
            encoded = self.encoded(sent)
        return EncodedCall(call, sent, encoded, self.target, lessons)

    def encoded(self, call: Call) -> EncodedRequest:
        """Encode the call."""
        try:
            return self.builder.write(call)
        except PydanticSerializationError as error:
            raise unserializable(self.target, error) from error


@dataclass(frozen=True, slots=True)
class LayerTarget:
    """The `Target` that layers see."""

    resolved: ResolvedTarget
    encoder: Encoder

    @property
    def origin(self) -> Origin:
        return self.resolved.origin

    @property
    def endpoint(self) -> AIModelEndpoint:
        return self.resolved.endpoint

    @property
    def base_url(self) -> str:
        return self.resolved.base_url

    @property
    def account(self) -> str:
        return self.resolved.configured_account()

    @property
    def price_share(self) -> float:
        share: float = getattr(self.resolved.quirks, "price_share", 1.0)
        return share

    async def exchange(self, call: Call) -> Exchange:
        return await self.encoder.exchange(call)


def unserializable(target: ResolvedTarget, error: Exception) -> ConfigurationError:
    """Return the error for text that JSON cannot hold; lone surrogates are the usual cause."""
    return ConfigurationError(
        f"nothing was sent to {target.origin.provider}: the request cannot be written as JSON: {error}. Repair text "
        f"with "
        "lone surrogates (from truncated text or file names) with "
        'text.encode("utf-8", "replace").decode()'
    )
