"""The engine: one typed client for every LLM provider."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .lazy_package import OLD_NAMES, OldModules, lazy_package

__version__ = "2.0.0"
"""The version of the distribution; package metadata and the changelog are made from it."""

if TYPE_CHECKING:
    from .catalog.learned_constraints import LearnedConstraint as LearnedConstraint
    from .client import AIModelClient as AIModelClient
    from .client.litellm_routes import (
        RouteSettingWarning as RouteSettingWarning,
        routes_from_litellm as routes_from_litellm,
    )
    from .client.routing import load_routes as load_routes
    from .history.parsing import MessageLike as MessageLike
    from .pipeline.agent.run_store import (
        RunStore as RunStore,
        SQLiteRunStore as SQLiteRunStore,
        ToolClaim as ToolClaim,
    )
    from .pipeline.agent.running_tool import current_tool_call as current_tool_call
    from .pipeline.learned_store import LearnedConstraints as LearnedConstraints
    from .pipeline.middleware import (
        AnyLayer as AnyLayer,
        Bindable as Bindable,
        Exchange as Exchange,
        Layer as Layer,
        Send as Send,
        Target as Target,
    )
    from .pipeline.routing.board import HealthStore as HealthStore, SharedRest as SharedRest
    from .pipeline.streaming.completed_stream import (
        CompletedResult as CompletedResult,
        CompletedStream as CompletedStream,
    )
    from .pipeline.streaming.stream import Stream as Stream
    from .providers.provider import Provider as Provider, Route as Route, register_provider as register_provider
    from .types import *

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        "AIModelClient": ".client.client",
        "load_routes": ".client.routing",
        "RouteSettingWarning": ".client.litellm_routes",
        "routes_from_litellm": ".client.litellm_routes",
        "HealthStore": ".pipeline.routing.board",
        "SharedRest": ".pipeline.routing.board",
        "AnyLayer": ".pipeline.middleware",
        "CompletedStream": ".pipeline.streaming.completed_stream",
        "CompletedResult": ".pipeline.streaming.completed_stream",
        "Bindable": ".pipeline.middleware",
        "Exchange": ".pipeline.middleware",
        "Layer": ".pipeline.middleware",
        "LearnedConstraint": ".catalog.learned_constraints",
        "LearnedConstraints": ".pipeline.learned_store",
        "MessageLike": ".history.parsing",
        "Send": ".pipeline.middleware",
        **dict.fromkeys(("RunStore", "SQLiteRunStore", "ToolClaim"), ".pipeline.agent.run_store"),
        "current_tool_call": ".pipeline.agent.running_tool",
        "Stream": ".pipeline.streaming.stream",
        "Target": ".pipeline.middleware",
        "Provider": ".providers.provider",
        "Route": ".providers.provider",
        "register_provider": ".providers.provider",
    },
    beyond=".types",
)

sys.meta_path.append(OldModules(__name__, OLD_NAMES))
