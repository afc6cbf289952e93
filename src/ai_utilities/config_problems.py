"""What is wrong with settings, in words: which variable, which value, what is allowed."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from .config_origins import Level, Origin
from .telemetry.redaction import redacted

SECRETS = frozenset({"api_key", "redis_url", "extra_headers", "cert_password"})
UNSHOWN = SECRETS | {"provider_config"}


def unknown_settings(names: Iterable[str], fields: Iterable[str]) -> str:
    """These are no settings; what was meant, perhaps."""
    known = list(fields)
    return "; ".join(misspelt(name, known) for name in names)


def misspelt(name: str, known: list[str]) -> str:
    meant = get_close_matches(name, known, 1)
    return f"there is no setting {name!r}" + (f"; did you mean {meant[0]!r}?" if meant else "")


def invalid_settings(error: ValidationError, origins: Mapping[str, Origin], prefix: str) -> str:
    """One sentence for each value that cannot be used."""
    return "; ".join(problem(dict(found), origins, prefix) for found in error.errors(include_input=True))


def problem(found: Mapping[str, Any], origins: Mapping[str, Origin], prefix: str) -> str:
    field = str(found["loc"][0]).lower() if found["loc"] else "settings"
    field = "model" if field in ("ai_model", "openai_model") else field.removeprefix(prefix.lower())
    origin = origins.get(field, Origin(Level.DEFAULT))
    where = f"{origin.variable} (from the {place(origin)})" if origin.variable else f"the setting {field!r}"
    value = "a value that is not shown" if field in UNSHOWN else redacted(repr(found["input"]))
    return f"{where} is {value}, which cannot be used: {found['msg']}"


def place(origin: Origin) -> str:
    return ".env file" if origin.level is Level.DOTENV else "environment"


def unreadable_settings(error: Exception) -> str:
    """A value that should have been JSON; its words are not shown, for they may be secret."""
    return f'{error}: it must be JSON, such as {{"x-team": "a"}}'


def warn_of_misspelt(variables: Iterable[str], fields: Iterable[str], prefix: str) -> None:
    """A variable that is nearly a setting is most likely meant to be one; others belong to somebody else."""
    known = {f"{prefix}{field.upper()}" for field in fields}
    for name in variables:
        if name.upper().startswith(prefix) and name.upper() not in known:
            meant = get_close_matches(name.upper(), known, 1, 0.88)
            if meant:
                warnings.warn(f"{name} is no setting and is ignored; did you mean {meant[0]}?", stacklevel=4)
