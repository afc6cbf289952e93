"""Error messages about settings: which variable, which value, what is allowed."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from .config_origins import OriginLevel, SettingOrigin
from .telemetry.redaction import redact

SECRETS = frozenset({"api_key", "redis_url", "extra_headers", "cert_password"})
UNSHOWN = SECRETS | {"provider_config"}


def unknown_settings(names: Iterable[str], fields: Iterable[str]) -> str:
    """The message for unknown setting names, with suggestions."""
    known = list(fields)
    return "; ".join(suggest_name(name, known) for name in names)


def suggest_name(name: str, known: list[str]) -> str:
    similar = get_close_matches(name, known, 1)
    return f"unknown setting {name!r}" + (f"; did you mean {similar[0]!r}?" if similar else "")


def invalid_settings(error: ValidationError, origins: Mapping[str, SettingOrigin], prefix: str) -> str:
    """One sentence for each invalid value."""
    return "; ".join(describe_problem(dict(match), origins, prefix) for match in error.errors(include_input=True))


def describe_problem(match: Mapping[str, Any], origins: Mapping[str, SettingOrigin], prefix: str) -> str:
    field = str(match["loc"][0]).lower() if match["loc"] else "settings"
    field = "model" if field in ("ai_model", "openai_model") else field.removeprefix(prefix.lower())
    origin = origins.get(field, SettingOrigin(OriginLevel.DEFAULT))
    where = f"{origin.variable} (from the {describe_origin(origin)})" if origin.variable else f"the setting {field!r}"
    value = "a value that is not shown" if field in UNSHOWN else redact(repr(match["input"]))
    return f"{where} is {value}, which is invalid: {match['msg']}"


def describe_origin(origin: SettingOrigin) -> str:
    return ".env file" if origin.level is OriginLevel.DOTENV else "environment"


def unreadable_settings(error: Exception) -> str:
    """The message for a value that should be JSON; the value is not shown, as it may be secret."""
    return f'{error}: it must be JSON, such as {{"x-team": "a"}}'


def warn_of_misspelt(variables: Iterable[str], fields: Iterable[str], prefix: str) -> None:
    """Warns of variables that look like a misspelt setting; other variables are ignored."""
    known = {f"{prefix}{field.upper()}" for field in fields}
    for name in variables:
        if name.upper().startswith(prefix) and name.upper() not in known:
            similar = get_close_matches(name.upper(), known, 1, 0.88)
            if similar:
                warnings.warn(f"{name} is not a setting and is ignored. Did you mean {similar[0]}?", stacklevel=4)
