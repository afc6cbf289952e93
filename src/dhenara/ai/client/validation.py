"""Validates the constructor arguments of `AIModelClient`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike, fspath
from typing import Any

from ..errors import ConfigurationError
from ..http.transport_selection import check_transport
from ..pipeline.layers.learned_store import EVERYBODYS, LearnedConstraints
from ..pipeline.middleware import Bindable
from ..types.config.api import AIModelEndpoint

ENDPOINT = "AIModelEndpoint(api=AIModelAPI(...), ai_model=AIModel(...))"


def check_endpoint(given: Any, name: str = "model_endpoint") -> AIModelEndpoint:
    if not isinstance(given, AIModelEndpoint):
        raise ConfigurationError(f"{name} must be an AIModelEndpoint, not {type(given).__name__}: {ENDPOINT}")
    return given


def check_is_async(given: Any) -> bool | None:
    if given is not None and not isinstance(given, bool):
        raise ConfigurationError(f"is_async must be True, False or None, not {type(given).__name__}")
    return given


def check_endpoints(given: Any) -> list[AIModelEndpoint]:
    return [check_endpoint(one, "each of fallbacks") for one in check_sequence(given, "fallbacks", "endpoints")]


def check_layers(given: Any, name: str) -> tuple[Any, ...]:
    layers = tuple(check_sequence(given, name, "layers"))
    for layer in layers:
        if not (callable(layer) or isinstance(layer, Bindable)):
            raise ConfigurationError(
                f"{type(layer).__name__} in {name} is not a layer. Pass an `async def layer(call, send)`, "
                "or an object whose `bind(io, target)` returns one"
            )
    return layers


def check_observer(given: Any) -> Any:
    if given is not None and not callable(given):
        raise ConfigurationError(f"observer must be a function, not {type(given).__name__}")
    return given


def checked_transport(given: Any, is_async: bool | None) -> Any:
    """Check that a named transport is installed; objects are checked at the first call, when sync or async is known."""
    if isinstance(given, str) and given != "builtin":
        check_transport(given, is_async)
    return given


def check_lessons(given: Any) -> LearnedConstraints:
    """Return the store of learned constraints: from a file path, the given object, or the one of this process."""
    if given is None:
        return EVERYBODYS
    if isinstance(given, LearnedConstraints):
        return given
    path = fspath(given) if isinstance(given, str | PathLike) else None
    if not isinstance(path, str):
        raise ConfigurationError(f"lessons must be a file path or LearnedConstraints, not {type(given).__name__}")
    return LearnedConstraints(path)


def check_sequence(given: Any, name: str, what: str) -> Iterable[Any]:
    if not isinstance(given, Iterable) or isinstance(given, str | bytes | Mapping):
        raise ConfigurationError(f"{name} must be a list of {what}, not {type(given).__name__}")
    return given
