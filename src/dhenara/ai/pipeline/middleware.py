"""Layers: policy around a call. Each sees the call, may replace it, and sends it on."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Protocol, runtime_checkable

from ..types.call import Call
from ..wire.io_protocol import IO
from .exchange import Target
from .stream import Stream

Send = Callable[[Call], Coroutine[Any, Any, Stream]]
Layer = Callable[[Call, Send], Coroutine[Any, Any, Stream]]


@runtime_checkable
class Bindable(Protocol):
    """A layer that wants to know its world and its target: it is bound once for each of them.

    `target.exchange(call)` gives a bound layer the request that a call becomes, encoded once for all layers.
    """

    def bind(self, io: IO, target: Target) -> Layer: ...


AnyLayer = Layer | Bindable


def bind_layers(layers: Iterable[AnyLayer], io: IO, target: Target) -> list[Layer]:
    """The layers as they work in this world, for this target."""
    return [layer.bind(io, target) if isinstance(layer, Bindable) else layer for layer in layers]


def stack_layers(layers: Iterable[Layer], send: Send) -> Send:
    """`send` inside all layers, the first one outermost."""
    for layer in reversed(tuple(layers)):
        send = wrap_layer(layer, send)
    return send


def wrap_layer(layer: Layer, inner: Send) -> Send:
    async def send(call: Call) -> Stream:
        return await layer(call, inner)

    return send
