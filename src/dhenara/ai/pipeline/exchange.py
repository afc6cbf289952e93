"""Exchanges: a call together with the request that it becomes, encoded once for all layers and for sending.

Layers that need to know what will be sent (a cache for its key, a budget for the size of the prompt) take the exchange
of a call from their target. The first of them pays for encoding it, and for fetching media that the provider does not
fetch itself; all others, and the request that is sent in the end, use the same result. It is valid as long as nobody
replaces what the request is made of: a layer that changes messages, settings or endpoint makes another exchange.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from pydantic_core import PydanticSerializationError

from ..codecs.plan import build_plan, is_portability_relevant
from ..dataclass import dataclass
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from ..catalog.learned_constraints import LearnedConstraint
    from ..codecs.base import EncodedRequest
    from ..providers.target import ResolvedTarget as ResolvedTarget
    from ..types.call import Call
    from ..types.endpoint import AIModelEndpoint
    from ..types.media import Media
    from ..types.part import Origin
    from ..types.warning import CallWarning
    from ..wire.http import HttpRequest
    from ..wire.io_protocol import IO
    from .request_builder import RequestBuilder


class Target(Protocol):
    """Where the calls of one client go: what a layer gets in `bind(io, target)`."""

    @property
    def origin(self) -> Origin:
        """Provider, model and protocol of the answers."""

    @property
    def endpoint(self) -> AIModelEndpoint:
        """The endpoint, with the model under the provider's name for it."""

    @property
    def base_url(self) -> str:
        """Where the protocol's own paths begin."""

    @property
    def account(self) -> str:
        """A keyed hash of the configured credentials; where they only name a file or profile, of that name."""

    @property
    def price_share(self) -> float:
        """What calls cost here, as a share of the list price: less than 1 for batches."""

    async def exchange(self, call: Call) -> Exchange:
        """The call and the request that it becomes.

        Args:
            call: The call as the layer is about to send it.

        Returns:
            The exchange; the one that was made before, unless what the request is made of was replaced.

        Raises:
            DhenaraError: The request cannot be made: the same error that sending the call would raise.
        """


class EncodedCall:
    """One encoding of a call, and what was derived from it so far."""

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
        """The call with its fetched media."""
        self.encoded = encoded
        self.target = target
        self.lessons = lessons
        self.request: HttpRequest | None = None

    def holds_for(self, call: Call, target: ResolvedTarget, lessons: tuple[LearnedConstraint, ...]) -> bool:
        """Whether this call would be encoded to the same request."""
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
        """The request at its full address without its signature, serialized once."""
        if self.request is None:
            self.request = self.target.unsigned(self.encoded, self.sent)
        return self.request


@dataclass(frozen=True, slots=True)
class Exchange:
    """A call and the request that it becomes: with fetched media, lessons applied and limits fitted."""

    call: Call
    encoded: EncodedCall
    encoder: Encoder

    @property
    def body(self) -> Mapping[str, Any]:
        """The JSON body; empty where the body is no JSON."""
        return self.encoded.encoded.body

    @property
    def warnings(self) -> tuple[CallWarning, ...]:
        """What could not be sent as the call says it."""
        return self.encoded.encoded.warnings

    @property
    def uploads(self) -> tuple[Media, ...]:
        """Media that are not in the body: they are too large, and are uploaded before the request is sent."""
        return self.encoded.encoded.oversized

    async def key(self, *, share_accounts: bool = False) -> str:
        """The hash of all that is sent and of where it goes; a streamed and a whole call have the same one.

        Args:
            share_accounts: Leave out whose credentials are sent. By default two accounts never have one key.

        Returns:
            A hexadecimal SHA-256. No secret can be read from it.

        Raises:
            DhenaraError: The credentials could not be fetched, or the request cannot be serialized.
        """
        from .request_key import request_key

        return await request_key(self, share_accounts=share_accounts)


class Encoder:
    """Makes the exchanges of one client and target, in one world."""

    def __init__(self, io: IO, target: ResolvedTarget, builder: RequestBuilder) -> None:
        self.io = io
        self.target = target
        self.builder = builder

    async def exchange(self, call: Call) -> Exchange:
        """The exchange of a call: the one that is known, if it still holds."""
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
            from .url_fetcher import fetch_media

            sent = await fetch_media(self.io, call, encoded.unfetched)
            encoded = self.encoded(sent)
        return EncodedCall(call, sent, encoded, self.target, lessons)

    def encoded(self, call: Call) -> EncodedRequest:
        """The request of this call, encoded now."""
        try:
            return self.builder.write(call)
        except PydanticSerializationError as error:
            raise unserializable(self.target, error) from error


@dataclass(frozen=True, slots=True)
class LayerTarget:
    """The published face of a target, for layers."""

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
        from ..providers.account import configured_account

        return configured_account(self.resolved)

    @property
    def price_share(self) -> float:
        share: float = getattr(self.resolved.quirks, "price_share", 1.0)
        return share

    async def exchange(self, call: Call) -> Exchange:
        return await self.encoder.exchange(call)


def unserializable(target: ResolvedTarget, error: Exception) -> ConfigurationError:
    """What is wrong is in the words of the serializer; half a character is the usual case."""
    return ConfigurationError(
        f"nothing was sent to {target.origin.provider}, for the request cannot be written as JSON: {error}. Texts with "
        "half a character in them, as cut texts and names of files may have, are made whole by "
        'text.encode("utf-8", "replace").decode()'
    )
