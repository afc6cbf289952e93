"""Layers: policy around a call. Each sees the call, may replace it, and sends it on."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from ..types.call import Call
from .stream import Stream

Send = Callable[[Call], Coroutine[Any, Any, Stream]]
Layer = Callable[[Call, Send], Coroutine[Any, Any, Stream]]


def stack(layers: Iterable[Layer], send: Send) -> Send:
    """`send` inside all layers, the first one outermost."""
    for layer in reversed(tuple(layers)):
        send = wrapped(layer, send)
    return send


def wrapped(layer: Layer, inner: Send) -> Send:
    async def send(call: Call) -> Stream:
        return await layer(call, inner)

    return send
