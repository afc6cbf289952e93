"""Middleware (layers) around a call: each layer gets the call, may replace it, and sends it on."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Protocol, runtime_checkable

from ..io.protocol import IO
from ..types.config.call import Call
from .exchange import Target
from .streaming.stream import Stream

Send = Callable[[Call], Coroutine[Any, Any, Stream]]
Layer = Callable[[Call, Send], Coroutine[Any, Any, Stream]]


@runtime_checkable
class Bindable(Protocol):
    """A layer that needs the IO object and target; `bind` is called once for each of them.

    `target.exchange(call)` gives a bound layer the encoded request of a call.
    """

    def bind(self, io: IO, target: Target) -> Layer: ...


AnyLayer = Layer | Bindable


def bind_layers(layers: Iterable[AnyLayer], io: IO, target: Target) -> list[Layer]:
    """Return the layers, bound to this IO object and target."""
    return [layer.bind(io, target) if isinstance(layer, Bindable) else layer for layer in layers]


def stack_layers(layers: Iterable[Layer], send: Send) -> Send:
    """Return `send` wrapped in all layers, the first one outermost."""
    for layer in reversed(tuple(layers)):
        send = wrap_layer(layer, send)
    return send


def wrap_layer(layer: Layer, inner: Send) -> Send:
    async def send(call: Call) -> Stream:
        return await layer(call, inner)

    return send
