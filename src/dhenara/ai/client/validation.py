"""Validates the constructor arguments of `AIModelClient`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, Unpack

from .. import types
from ..errors import ConfigurationError
from ..http.transport_selection import check_transport
from ..pipeline.learned_store import SHARED_CONSTRAINTS, LearnedConstraints
from ..pipeline.middleware import Bindable
from ..providers.model_names import read_model_name
from ..types.config.api import AIModelEndpoint
from ..types.config.call import AIModelCallConfig
from ..types.config.call_policies import (
    ACCEPTED,
    ApiOptions,
    NamedApiOptions,
    check_option_names,
    describe_type,
    require_model,
)
from ..types.config.model import AIModel
from ..types.config.other_names import ALTERNATIVE_NAMES, CALL_ARGUMENTS

if TYPE_CHECKING:
    from ..types.config.routes import ModelRoute


def make_endpoint(given: Any, api_key: Any, **options: Unpack[NamedApiOptions]) -> AIModelEndpoint:
    """Return the endpoint of a client: the given one, or that of a named model with these options.

    Raises:
        ConfigurationError: If the argument names no endpoint, or an option does not exist or does not apply.
    """
    check_options(options)
    if isinstance(given, str | AIModel):
        return AIModelEndpoint.of(given, api_key, **options)
    if not isinstance(given, AIModelEndpoint):
        raise ConfigurationError(f"model_endpoint must be {ACCEPTED}, not {describe_type(given)}")
    unused = [name for name, value in (("api_key", api_key), *options.items()) if value is not None]
    if unused:
        raise ConfigurationError(f"{unused[0]} belongs into the AIModelAPI of the endpoint that was passed")
    return given


def make_route(
    given: Any, fallbacks: Any, api_key: Any, **options: Unpack[NamedApiOptions]
) -> tuple[AIModelEndpoint, ModelRoute | None]:
    """Return the first endpoint of a client, and its route if there are several deployments or one was passed.

    Raises:
        ConfigurationError: If an argument names no endpoint, or an option does not exist or does not apply.
    """
    is_plain = isinstance(given, str | AIModel | AIModelEndpoint)
    if is_plain or not isinstance(given, types.ModelRoute):
        endpoint, route = make_endpoint(given, api_key, **options), None
    else:
        endpoint, route = make_endpoint(given.deployments[0].endpoint, api_key, **options), given
    others = [types.RouteGroup.of(other) for other in make_fallbacks(fallbacks, endpoint)]
    if route is not None:
        return endpoint, types.ModelRoute.of({**dict(route), "groups": [*route.groups, *others]}) if others else route
    return endpoint, types.ModelRoute.of([types.RouteGroup.of(endpoint), *others], FALLBACKS) if others else None


FALLBACKS = "fallbacks"
"""Name of the route that the argument `fallbacks` is the short form of."""

CLIENT_ARGUMENTS = (
    *("api_key", "config", "is_async", "layers", "attempt_layers"),
    *("observer", "transport", "verify", "cert", "lessons", "fallbacks", "health"),
)
"""Arguments of `AIModelClient` beside the options of its API, for suggestions."""

MODEL_NAMES = ("model", "model_name", "model_id")


def check_options(options: Mapping[str, Any]) -> None:
    known = {**ApiOptions.__annotations__, **dict.fromkeys(("provider", *CLIENT_ARGUMENTS))}
    settings = AIModelCallConfig.model_fields
    for name in options.keys() - known.keys():
        own = ALTERNATIVE_NAMES.get(name, name)
        if own in settings:
            raise ConfigurationError(
                f"{name!r} is a setting of calls. Pass config=AIModelCallConfig({own}=...) to the client, or {own}=... "
                "to generate"
            )
        if own in CALL_ARGUMENTS:
            raise ConfigurationError(f"{name!r} is an argument of calls: write generate(prompt, {own}=...)")
        if name in MODEL_NAMES:
            raise ConfigurationError(
                f"AIModelClient has no argument {name!r}: the model is the first one, "
                "as in AIModelClient('openai/gpt-5.4-mini')"
            )
    check_option_names(options, known, "AIModelClient")


def check_is_async(given: Any) -> bool | None:
    if given is not None and not isinstance(given, bool):
        raise ConfigurationError(f"is_async must be True, False or None, not {type(given).__name__}")
    return given


def make_fallbacks(given: Any, main: AIModelEndpoint) -> list[AIModelEndpoint]:
    if isinstance(given, AIModelEndpoint | AIModel):
        given = [given]
    elif isinstance(given, str):
        given = [name for name in given.split(",") if name.strip()]
    return [make_fallback(one, main) for one in check_sequence(given, "fallbacks", "endpoints")]


def make_fallback(given: Any, main: AIModelEndpoint) -> AIModelEndpoint:
    """Return the endpoint of one fallback. A model without a provider is its maker's, else the main provider's."""
    if isinstance(given, AIModelEndpoint):
        return given
    try:
        name = read_model_name(given) if isinstance(given, str) else None
        if name is None or name.provider not in (None, str(main.api.provider)):
            return AIModelEndpoint.of(given)
        return AIModelEndpoint(api=main.api, ai_model=AIModel(model_name=require_model(name)))
    except ConfigurationError as error:
        raise ConfigurationError(f"fallbacks: {error}") from error


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
        return SHARED_CONSTRAINTS
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
