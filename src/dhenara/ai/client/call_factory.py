"""Builds calls for operations other than chat and validates them before anything is sent."""

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
    """Build the call for an operation; `settings` mixes fields of the operation's request with fields of the config."""
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
    """Return instructions as a tuple of strings without empty ones."""
    if given is None:
        return ()
    text = (
        (given,) if isinstance(given, str) or not isinstance(given, Iterable) or isinstance(given, Mapping) else given
    )
    stored: list[str] = []
    for one in text:
        if not isinstance(one, str):
            raise ConfigurationError(f"instructions must be a string or a list of strings, not {type(one).__name__}")
        stored.append(one)
    return tuple(filter(None, stored))


def as_config(given: AIModelCallConfig | None, otherwise: AIModelCallConfig) -> AIModelCallConfig:
    if given is None:
        return otherwise
    if not isinstance(given, AIModelCallConfig):
        raise ConfigurationError(
            f"config must be an AIModelCallConfig, not {type(given).__name__}: AIModelCallConfig(temperature=0). "
            "You can also pass single settings as keyword arguments: generate(prompt, temperature=0)"
        )
    return given


def check_options(call: Call) -> None:
    """Raise if an option is not in the model's `valid_options`, or its value is not allowed."""
    valid = call.endpoint.ai_model.valid_options
    if valid is None:
        return
    name = call.endpoint.ai_model.model_name
    for option, value in call.config.options.items():
        if option not in valid:
            known = ", ".join(valid) or "none"
            raise ConfigurationError(f"{name} has no option {option!r}. Valid options: {known}")
        if value not in valid[option].allowed_values:
            allowed = ", ".join(map(repr, valid[option].allowed_values))
            raise ConfigurationError(f"{name} does not accept {option}={value!r}. Allowed values: {allowed}")


def validate_request(kind: type[FrozenModel], fields: Mapping[str, Any]) -> FrozenModel:
    """Validate the request fields; raise `ConfigurationError` that names each invalid one."""
    try:
        return kind.model_validate(fields)
    except (ValidationError, TypeError) as error:
        raise kind_of(error)(f"invalid request: {describe_problems(error, ())}") from error


def override_config(
    config: AIModelCallConfig, overrides: Mapping[str, Any], extra: tuple[str, ...] = ()
) -> AIModelCallConfig:
    """Return a validated copy of the config with these fields replaced."""
    given = {name: getattr(config, name) for name in config.model_fields_set}
    try:
        return AIModelCallConfig.model_validate({**given, **overrides})
    except ValidationError as error:
        raise kind_of(error)(f"invalid settings: {describe_problems(error, extra)}") from error


def kind_of(error: Exception) -> type[ConfigurationError]:
    """Return the class of the first `ConfigurationError` raised by a validator, else `ConfigurationError`."""
    causes = [one.get("ctx", {}).get("error") for one in error.errors()] if isinstance(error, ValidationError) else []
    return next((type(one) for one in causes if isinstance(one, ConfigurationError)), ConfigurationError)


def describe_problems(error: Exception, extra: tuple[str, ...]) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(describe_problem(e["type"], ".".join(map(str, e["loc"])), e["msg"], extra) for e in error.errors())


def describe_problem(kind: str, setting: str, message: str, extra: tuple[str, ...] = ()) -> str:
    """Describe one validation problem; suggest the closest name for an unknown setting."""
    if kind != "extra_forbidden":
        return f"{setting}: {message}"
    from difflib import get_close_matches

    meant = get_close_matches(setting, [*extra, *AIModelCallConfig.model_fields], 1)
    return f"unknown setting {setting!r}" + (f"; did you mean {meant[0]!r}?" if meant else "")
