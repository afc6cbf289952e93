"""Middleware (layers) around a call: each layer gets the call, may replace it, and sends it on."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from inspect import Parameter, signature
from typing import Any, Protocol, runtime_checkable

from ..io.protocol import IO
from ..types.config.call import Call
from .exchange import Target
from .streaming.stream import Stream

POSITIONAL_ONLY = Parameter.POSITIONAL_ONLY
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

    async def send_through(call: Call) -> Stream:
        return await layer(call, inner)

    return send_through


def takes_send(layer: Layer) -> bool:
    """Return whether the layer can be called as `layer(call, send=...)`."""
    try:
        parameters = [*signature(layer).parameters.values()]
    except (TypeError, ValueError):
        return False
    return len(parameters) == 2 and parameters[1].name == "send" and parameters[1].kind is not POSITIONAL_ONLY
