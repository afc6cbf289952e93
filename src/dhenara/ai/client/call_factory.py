"""Calls for operations beside chat, out of what the user gives; what cannot work is said before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from ..errors import ConfigurationError
from ..types.call import Call
from ..types.call_config import AIModelCallConfig
from ..types.endpoint import AIModelEndpoint
from ..types.message import Message
from ..types.model_base import FrozenModel


def build_call(
    endpoint: AIModelEndpoint,
    config: AIModelCallConfig,
    operation: str,
    kind: type[FrozenModel] | None,
    given: Mapping[str, Any],
    settings: Mapping[str, Any],
    messages: tuple[Message, ...] = (),
) -> Call:
    """The call for an operation. `settings` holds fields of its request and of the config, side by side."""
    fields = kind.model_fields if kind else {}
    chosen = as_config(settings.get("config"), config)
    overrides = {k: v for k, v in settings.items() if k != "config" and k not in fields}
    request = {**given, **{k: v for k, v in settings.items() if k in fields}}
    call = Call(
        endpoint=endpoint,
        messages=messages,
        config=override_config(chosen, {**overrides, "streaming": False}, tuple(fields)),
        operation=operation,
        request=validate_request(kind, request) if kind else None,
    )
    check_options(call)
    return call


def read_instructions(given: object) -> tuple[str, ...]:
    """A string or several; empty ones say nothing."""
    if given is None:
        return ()
    text = (
        (given,) if isinstance(given, str) or not isinstance(given, Iterable) or isinstance(given, Mapping) else given
    )
    stored: list[str] = []
    for one in text:
        if not isinstance(one, str):
            raise ConfigurationError(f"instructions are strings, one or a list of them; a {type(one).__name__} is none")
        stored.append(one)
    return tuple(filter(None, stored))


def as_config(given: AIModelCallConfig | None, otherwise: AIModelCallConfig) -> AIModelCallConfig:
    if given is None:
        return otherwise
    if not isinstance(given, AIModelCallConfig):
        raise ConfigurationError(
            f"config must be an AIModelCallConfig, not {type(given).__name__}: AIModelCallConfig(temperature=0). "
            "Single settings can be passed as they are: generate(prompt, temperature=0)"
        )
    return given


def check_options(call: Call) -> None:
    """A model that says which options it has takes no others."""
    valid = call.endpoint.ai_model.valid_options
    if valid is None:
        return
    name = call.endpoint.ai_model.model_name
    for option, value in call.config.options.items():
        if option not in valid:
            known = ", ".join(valid) or "none"
            raise ConfigurationError(f"{name} has no option {option!r}; it has: {known}")
        if value not in valid[option].allowed_values:
            allowed = ", ".join(map(repr, valid[option].allowed_values))
            raise ConfigurationError(f"{name} does not take {option}={value!r}; allowed are {allowed}")


def validate_request(kind: type[FrozenModel], fields: Mapping[str, Any]) -> FrozenModel:
    """The request, or what is wrong with it."""
    try:
        return kind.model_validate(fields)
    except (ValidationError, TypeError) as error:
        raise kind_of(error)(f"this cannot be asked for: {describe_problems(error, ())}") from error


def override_config(
    config: AIModelCallConfig, overrides: Mapping[str, Any], extra: tuple[str, ...] = ()
) -> AIModelCallConfig:
    """The config with these fields set otherwise, checked like any other."""
    given = {name: getattr(config, name) for name in config.model_fields_set}
    try:
        return AIModelCallConfig.model_validate({**given, **overrides})
    except ValidationError as error:
        raise kind_of(error)(f"these settings cannot be used for a call: {describe_problems(error, extra)}") from error


def kind_of(error: Exception) -> type[ConfigurationError]:
    """The kind of the first error of ours that a validator raised."""
    causes = [one.get("ctx", {}).get("error") for one in error.errors()] if isinstance(error, ValidationError) else []
    return next((type(one) for one in causes if isinstance(one, ConfigurationError)), ConfigurationError)


def describe_problems(error: Exception, extra: tuple[str, ...]) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(describe_problem(e["type"], ".".join(map(str, e["loc"])), e["msg"], extra) for e in error.errors())


def describe_problem(kind: str, setting: str, message: str, extra: tuple[str, ...] = ()) -> str:
    """What is wrong with one setting; for a misspelt one, what may have been meant."""
    if kind != "extra_forbidden":
        return f"{setting}: {message}"
    from difflib import get_close_matches

    meant = get_close_matches(setting, [*extra, *AIModelCallConfig.model_fields], 1)
    return f"there is no {setting!r}" + (f"; did you mean {meant[0]!r}?" if meant else "")
