"""The engine: one typed client for every LLM provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._lazy import lazy

if TYPE_CHECKING:
    from .client import AIModelClient as AIModelClient
    from .flow.arrived import Arrived as Arrived, ArrivedResult as ArrivedResult
    from .flow.exchange import Exchange as Exchange, Target as Target
    from .flow.layer import Bindable as Bindable, Layer as Layer, Send as Send
    from .flow.lessons import Lessons as Lessons
    from .flow.stream import Stream as Stream
    from .providers.provider import Provider as Provider, Route as Route
    from .providers.registry import register_provider as register_provider
    from .types import *

__getattr__, __dir__ = lazy(
    __name__,
    {
        "AIModelClient": ".client.client",
        "Arrived": ".flow.arrived",
        "ArrivedResult": ".flow.arrived",
        "Bindable": ".flow.layer",
        "Exchange": ".flow.exchange",
        "Layer": ".flow.layer",
        "Lessons": ".flow.lessons",
        "Send": ".flow.layer",
        "Stream": ".flow.stream",
        "Target": ".flow.exchange",
        "Provider": ".providers.provider",
        "Route": ".providers.provider",
        "register_provider": ".providers.registry",
    },
    beyond=".types",
)
