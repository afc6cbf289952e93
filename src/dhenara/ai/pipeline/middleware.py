"""Middleware: the interface of layers, and the exchange that they see, a call together with the request it becomes."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from inspect import Parameter, signature
from typing import Any, Protocol, TypeVar, runtime_checkable

from ..catalog.learned_constraints import LearnedConstraint
from ..codecs.common.plan import build_plan, is_portability_relevant
from ..errors import ConfigurationError
from ..io.protocol import IO
from ..providers.target import ResolvedTarget
from ..types.chat.report import CallWarning
from ..types.chat.usage import Usage
from ..types.config.api import AIModelEndpoint
from ..types.config.call import Call
from ..types.content.media import Media, Origin
from .media_fetch import fetch_media
from .request_builder import RequestBuilder
from .request_key import EncodedCall, RequestHasher, request_key
from .streaming.stream import Stream

T = TypeVar("T")


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

    async def sent_exchange(self, call: Call) -> Exchange:
        """Return the call with the request that was sent last for it.

        It differs from `exchange` of the same call before sending if a constraint was learned in between, by this call
        or another one. Without a request it is the same as `exchange`.

        Args:
            call: The call that the layer sent.

        Returns:
            The exchange with the constraints that were applied to the request that was sent.
        """
        ...


@dataclass(slots=True, eq=False)
class Exchange:
    """A call and its encoded request, with fetched media, learned constraints and model limits applied.

    Attributes:
        call: The call.
        encoded: The encoded request and the learned constraints that were applied.
        encoder: What encoded the call.
    """

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

    @property
    def expected_usage(self) -> Usage | None:
        """What the request determines of its usage, such as the number of images; None if nothing is known of it."""
        return self.encoded.encoded.expected_usage

    @property
    def constraints(self) -> tuple[LearnedConstraint, ...]:
        """The learned constraints that were applied; compare them with those of `Target.sent_exchange`."""
        return self.encoded.constraints

    def once(self, compute: Callable[[Exchange], T]) -> T:
        """Return what a function computes of the request; once for all layers that ask for it.

        Args:
            compute: The function; it must depend on the request alone.
        """
        computed = self.encoded.computed
        if compute not in computed:
            computed[compute] = compute(self)
        value: T = computed[compute]
        return value

    async def key(self, *, share_accounts: bool = False) -> str:
        """Return a hash of everything that is sent and where; the same for streaming and non-streaming calls.

        Args:
            share_accounts: Ignore which credentials are used. By default different accounts have different keys.

        Returns:
            A hexadecimal SHA-256 that reveals no secret.

        Raises:
            DhenaraError: If credentials could not be fetched or the request cannot be serialized.
        """
        encoder = self.encoder
        return await request_key(
            self.call, self.encoded, encoder.io, encoder.builder.write, encoder.hasher, share_accounts=share_accounts
        )


class Encoder:
    """Encodes the calls of one client and target."""

    def __init__(self, io: IO, target: ResolvedTarget, builder: RequestBuilder) -> None:
        self.io = io
        self.target = target
        self.builder = builder
        self.hasher = RequestHasher()

    async def exchange(self, call: Call) -> Exchange:
        """Return the exchange of a call."""
        return Exchange(call, await self.encode_call(call), self)

    async def encode_call(self, call: Call) -> EncodedCall:
        """Return the encoding of a call; the previous one is reused if it is still valid."""
        if self.builder.waits_for_file:
            await self.builder.load_lessons(self.io)
        constraints, known = self.builder.lessons(), call.journal.encoded
        if known is None or not isinstance(known, EncodedCall) or not known.holds_for(call, self.target, constraints):
            known = call.journal.encoded = await self._encode(call, constraints)
        return known

    async def sent_exchange(self, call: Call) -> Exchange:
        """Return the exchange of the request that was sent last for this call."""
        constraints = call.journal.sent_constraints
        if constraints is None:
            return await self.exchange(call)
        return Exchange(call, await self._encode(call, constraints), self)

    async def _encode(self, call: Call, constraints: tuple[LearnedConstraint, ...]) -> EncodedCall:
        encoded = self.builder.write(call, constraints)
        if is_portability_relevant(call, encoded, self.target.origin.protocol):
            call.journal.plan = build_plan(call, encoded, self.target.origin)
        sent = call
        if encoded.unfetched:
            sent = await fetch_media(self.io, call, encoded.unfetched)
            encoded = self.builder.write(sent, constraints)
        return EncodedCall(call, sent, encoded, self.target, constraints)


@dataclass(slots=True, eq=False)
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

    async def sent_exchange(self, call: Call) -> Exchange:
        return await self.encoder.sent_exchange(call)


POSITIONAL_ONLY = Parameter.POSITIONAL_ONLY
OWN_MODULES = ("dhenara.ai.", "ai_utilities.")
Send = Callable[[Call], Coroutine[Any, Any, Stream]]
"""Function that sends a call on and returns its stream. A layer calls it once, several times, or not at all."""

Layer = Callable[[Call, Send], Coroutine[Any, Any, Stream]]
"""Async function `layer(call, send)` around a call; it returns the stream of `await send(call)`, or another one."""


@runtime_checkable
class Bindable(Protocol):
    """A layer that needs the IO object and target; `bind` is called once for each of them.

    `target.exchange(call)` gives a bound layer the encoded request of a call.
    """

    def bind(self, io: IO, target: Target) -> Layer:
        """Return the layer for one target.

        Args:
            io: Clock, sleep and threads of the client, in sync or async
                code.
            target: The endpoint.
        """
        ...


AnyLayer = Layer | Bindable
"""What `layers` and `attempt_layers` accept: a function `layer(call, send)`, or an object with `bind`."""


PROCESS_LAYERS: list[AnyLayer] = []
"""Layers around the calls of all clients of this process, outside of their own; see `dhenara.ai.telemetry`."""


def with_process_layers(layers: Iterable[AnyLayer]) -> list[AnyLayer]:
    """Return the layers after those of the process, of which no second one of the same class is added."""
    own = list(layers)
    return [*(layer for layer in PROCESS_LAYERS if not any(type(one) is type(layer) for one in own)), *own]


TagReader = Callable[[Call], Mapping[str, str]]
TAG_READERS: list[TagReader] = []


def add_call_tags(reader: TagReader) -> None:
    """Add a function that returns tags of calls, for spans.

    Args:
        reader: Function that gets a call and returns its tags.
    """
    TAG_READERS.append(reader)


def read_call_tags(call: Call) -> dict[str, str]:
    """Return the tags of a call, of all readers."""
    return {name: value for reader in TAG_READERS for name, value in reader(call).items()}


def bind_layers(layers: Iterable[AnyLayer], io: IO, target: Target) -> list[Layer]:
    """Return the layers, bound to this IO object and target."""
    return [layer.bind(io, target) if isinstance(layer, Bindable) else layer for layer in layers]


def stack_layers(layers: Iterable[Layer], send: Send) -> Send:
    """Return `send` wrapped in all layers, the first one outermost."""
    for layer in reversed(tuple(layers)):
        send = wrap_layer(layer, send)
    return send


def wrap_layer(layer: Layer, inner: Send) -> Send:
    """Return the layer as a `Send` before `inner`.

    A layer whose second parameter is called `send` gets it by name, so that no frame stands between two layers in a
    traceback.
    """
    if takes_send(layer):
        by_name: Callable[..., Coroutine[Any, Any, Stream]] = layer
        return partial(by_name, send=inner)

    return partial(send_through, layer=layer, send=inner)


async def send_through(call: Call, *, layer: Layer, send: Send) -> Stream:
    """Call a layer whose second parameter has another name than `send`."""
    return await layer(call, send)


def missing_stream(send: Send | None, received: object) -> ConfigurationError:
    """Return the error for a layer that does not return the stream of its call.

    Args:
        send: What was called, a layer with those inside it; None if it is not known.
        received: What it returned.
    """
    names: list[str] = []
    while isinstance(send, partial):
        layer = send.keywords.get("layer", send.func)
        if not (getattr(layer, "__module__", None) or "").startswith(OWN_MODULES):
            names.append(getattr(layer, "__qualname__", type(layer).__name__))
        send = send.keywords.get("send", send.func)
    who = f"the layer {names[0]}" if len(names) == 1 else f"one of the layers {', '.join(names) or 'of the client'}"
    made = "None" if received is None else f"a value of type {type(received).__name__}"
    return ConfigurationError(f"{who} returned {made}, not a stream. Return what `await send(call)` returns.")


def takes_send(layer: Layer) -> bool:
    """Return whether the layer can be called as `layer(call, send=...)`."""
    try:
        parameters = [*signature(layer).parameters.values()]
    except (TypeError, ValueError):
        return False
    return len(parameters) == 2 and parameters[1].name == "send" and parameters[1].kind is not POSITIONAL_ONLY
