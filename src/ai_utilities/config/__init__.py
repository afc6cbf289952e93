"""Settings of a client: where values come from, and the provider that they mean."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import IntEnum
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, cast

from dotenv import dotenv_values
from pydantic import AliasChoices, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsError

from dhenara.ai.integration import (
    describe_unknown,
    expected_value,
    misspelt_provider,
    named_provider,
    provider_name,
    read_model_name,
    read_next_model_name,
    require_type,
)

from ..exceptions import ProviderConfigurationError
from .client_settings import SETTING_HINTS, SETTING_WORDS
from .routes import first_model, route_name
from .secrets import redact

if TYPE_CHECKING:
    from ..config_models import AiSettings


log = logging.getLogger("ai_utilities")

EnvFiles = str | PathLike[str] | Sequence[str | PathLike[str]] | None


class OriginLevel(IntEnum):
    """Where a value comes from; a higher level overrides a lower one."""

    DEFAULT = 0
    DOTENV = 1
    ENVIRONMENT = 2
    EXPLICIT = 3


@dataclass(frozen=True, slots=True)
class SettingOrigin:
    """The source of a value; `variable` is the name it was read from."""

    level: OriginLevel
    variable: str | None = None

    def __str__(self) -> str:
        match self.level:
            case OriginLevel.EXPLICIT:
                return "explicit"
            case OriginLevel.ENVIRONMENT:
                return f"environment ({self.variable})"
            case OriginLevel.DOTENV:
                return f".env ({self.variable})"
        return "default"


def find_origins(
    fields: Mapping[str, FieldInfo],
    prefix: str,
    explicit: Iterable[str],
    environment: Mapping[str, str],
    dotenv: Mapping[str, str],
) -> dict[str, SettingOrigin]:
    """The source of every field that is set."""
    explicit_names = {name.lower() for name in explicit}
    sources = ((OriginLevel.ENVIRONMENT, lowercase_names(environment)), (OriginLevel.DOTENV, lowercase_names(dotenv)))
    origins = {}
    for name, field in fields.items():
        variables = [variable.lower() for variable in variables_of(name, field, prefix)]
        if explicit_names & {name.lower(), *variables}:
            origins[name] = SettingOrigin(OriginLevel.EXPLICIT)
            continue
        values = (SettingOrigin(level, source[v]) for level, source in sources for v in variables if v in source)
        if (origin := next(values, None)) is not None:
            origins[name] = origin
    return origins


def variables_of(name: str, field: FieldInfo, prefix: str) -> Iterator[str]:
    """The variables a field is read from, in order of precedence."""
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        yield from (choice for choice in alias.choices if isinstance(choice, str))
    else:
        yield f"{prefix}{name.upper()}"


class DefinedVariables(PydanticBaseSettingsSource):
    """Reads those variables of a source that are defined. The source alone would look at the types of all fields."""

    def __init__(self, source: EnvSettingsSource) -> None:
        super().__init__(source.settings_cls)
        self._source = source

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[object, str, bool]:
        return self._source.get_field_value(field, field_name)

    def __call__(self) -> dict[str, object]:
        source, values = self._source, dict[str, object]()
        if source.env_nested_delimiter:  # a subclass whose fields have several variables each
            return source()
        for name, field, key, variables in lowercase_variables(self.settings_cls):
            if not source.env_vars.keys().isdisjoint(variables):
                value, _, is_complex = source.get_field_value(field, name)
                try:
                    if (prepared := source.prepare_field_value(name, field, value, is_complex)) is not None:
                        values[key] = prepared
                except ValueError as error:
                    message = f'error parsing value for field "{name}" from source "{type(source).__name__}"'
                    raise SettingsError(message) from error
        return values


class EnvironmentSettings:
    """What settings with many variables, of which few are set, inherit besides `BaseSettings`."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Called by pydantic-settings: the sources of values, the strongest first.

        Args:
            settings_cls: The class.
            init_settings: Arguments.
            env_settings: The environment.
            dotenv_settings: Files of variables.
            file_secret_settings: Files of one secret each.
        """
        sources = (init_settings, env_settings, dotenv_settings, file_secret_settings)
        return tuple(DefinedVariables(one) if isinstance(one, EnvSettingsSource) else one for one in sources)


@lru_cache(maxsize=16)
def lowercase_variables(settings: type[BaseSettings]) -> list[tuple[str, FieldInfo, str, list[str]]]:
    """For each field: its name, the field, the name under which its value is passed on, and its variables."""
    prefix = settings.model_config.get("env_prefix", "")
    every = ((name, field, [*variables_of(name, field, prefix)]) for name, field in settings.model_fields.items())
    return [
        (name, field, name if field.validation_alias is None else names[0], [one.lower() for one in names])
        for name, field, names in every
    ]


def lowercase_names(source: Mapping[str, str]) -> dict[str, str]:
    """Maps lowercased names to the original ones; empty variables are ignored."""
    return {name.lower(): name for name, value in source.items() if value}


def read_dotenv(files: EnvFiles, *, named: bool = False) -> dict[str, str]:
    """The variables in these files; later files override earlier ones.

    Args:
        files: One path or several; None reads nothing.
        named: Whether the files were named by the caller. The default file need not exist.

    Raises:
        ProviderConfigurationError: If a named file does not exist, or a file cannot be read as UTF-8 text.
    """
    if files is None:
        return {}
    listed = cast("list[str | PathLike[str]]", list(files) if isinstance(files, list | tuple) else [files])
    for file in listed:
        require_type("settings", "env_file", file, (str, PathLike), "the path of a file, or a list of paths")
    paths = [Path(file).expanduser() for file in listed]
    missing = next((path for path in paths if not path.is_file()), None)
    if named and missing is not None:
        problem = "is a folder" if missing.is_dir() else "does not exist"
        raise ProviderConfigurationError(f"the file of variables {missing} {problem}. Name another file, or create it.")
    variables: dict[str, str] = {}
    for path in (path for path in paths if path.is_file()):
        try:
            variables |= {name: value for name, value in dotenv_values(path).items() if value}
        except UnicodeDecodeError:
            raise ProviderConfigurationError(f"{path} is not UTF-8 text. Save it as UTF-8.") from None
        except OSError as error:
            raise ProviderConfigurationError(f"{path} cannot be read: {error.strerror}") from None
    return variables


SECRETS = frozenset({"api_key", "redis_url", "extra_headers", "cert_password"})
UNSHOWN = SECRETS | {"provider_config", "routes"}


def unknown_settings(names: Iterable[str], fields: Iterable[str]) -> str:
    """The message for unknown setting names, with suggestions."""
    known = list(fields)
    return "; ".join(suggest_name(name, known) for name in names)


def suggest_name(name: str, known: list[str]) -> str:
    return describe_unknown(name, known, words=SETTING_WORDS, own_hints=SETTING_HINTS)


def invalid_settings(error: ValidationError, origins: Mapping[str, SettingOrigin], prefix: str) -> str:
    """One sentence for each invalid value."""
    return "; ".join(describe_problem(problem, origins, prefix) for problem in error.errors(include_input=True))


def describe_problem(problem: ErrorDetails, origins: Mapping[str, SettingOrigin], prefix: str) -> str:
    field = str(problem["loc"][0]).lower() if problem["loc"] else "settings"
    field = "model" if field in ("ai_model", "openai_model") else field.removeprefix(prefix.lower())
    origin = origins.get(field, SettingOrigin(OriginLevel.DEFAULT))
    subject = f"{origin.variable} (from the {describe_origin(origin)})" if origin.variable else f"the setting {field!r}"
    cause = problem.get("ctx", {}).get("error")
    if isinstance(cause, ProviderConfigurationError):
        return f"{subject}: {cause}"
    value = "a value that is not shown" if field in UNSHOWN else redact(repr(problem["input"]))
    expected = expected_value(problem)
    return f"{subject} is {value}{', but ' if expected.startswith('must ') else ', which is invalid: '}{expected}"


def describe_origin(origin: SettingOrigin) -> str:
    return ".env file" if origin.level is OriginLevel.DOTENV else "environment"


def unreadable_settings(error: Exception) -> str:
    """The message for a value that should be JSON; the value is not shown, as it may be secret."""
    return f'{error}: it must be JSON, such as {{"x-team": "a"}}'


def report_misspelt(variables: Iterable[str], fields: Iterable[str], prefix: str) -> None:
    """Logs variables that look like a misspelt setting, each once; other variables are ignored."""
    known = {f"{prefix}{field.upper()}" for field in fields}
    for name in variables:
        if name.upper().startswith(prefix) and name.upper() not in known:
            similar = get_close_matches(name.upper(), known, 1, 0.88)
            if similar:
                log_misspelt(name, similar[0])


@lru_cache
def log_misspelt(name: str, meant: str) -> None:
    """Log a variable once; without a handler of the program, Python writes it as one line on standard error."""
    log.warning("%s is not a setting and is ignored. Did you mean %s?", name, meant)


OURS = "ai_utilities"


def cache_path(name: str) -> Path:
    """A file in the user's cache folder, which may be emptied at any time."""
    return default_path("XDG_CACHE_HOME", ".cache") / name


def state_path(name: str) -> Path:
    """A file in the user's state folder, for data that must not get lost: ledgers and budgets."""
    return default_path("XDG_STATE_HOME", ".local/state") / name


def default_path(variable: str, usual: str) -> Path:
    base = os.environ.get(variable) or os.environ.get("LOCALAPPDATA")
    folder = (Path(base) if base else Path.home() / usual) / OURS
    folder.mkdir(parents=True, exist_ok=True)
    return folder


AUTO = "auto"
"""The provider that stands for the first one that is configured."""

OWN_VARIABLE = "OPENAI_MODEL"
"""A variable of `AiSettings.model` that belongs to one provider."""

OWN_ADDRESS = "OPENAI_BASE_URL"
"""The variable with the address of the default provider."""


@dataclass(frozen=True, slots=True, eq=False)
class MainProvider:
    """The provider of calls that name none.

    Attributes:
        name: The name; may be `auto`.
        origin: Where it comes from.
        is_named: Whether it was written. False for the default, and for the maker of a model that was written alone.
        from_model: Whether the name of the model tells it.
    """

    name: str
    origin: SettingOrigin
    is_named: bool
    from_model: bool = False


def main_provider(settings: AiSettings) -> MainProvider:
    """Return the provider that settings mean.

    A provider that is set is used, unless a stronger source has a model with another provider before it, as in
    `AiClient("anthropic/claude-sonnet-5")` where AI_PROVIDER is openai. If none is set, a model is called at the
    provider before its `/`, or at its maker.

    Raises:
        ProviderConfigurationError: If the model names an unknown provider, or if several hosts serve it.
    """
    name, origin = settings.provider, settings.origin("provider")
    model, model_origin = settings.model, settings.origin("model")
    if (route := route_name(model)) is not None:
        maker = read_model_name(first_model(settings, route)).provider
        return MainProvider(maker or name, model_origin, True, True)
    is_set = origin.level is not OriginLevel.DEFAULT and name != AUTO
    given = MainProvider(name, origin, is_set)
    if model is None or (model_origin.variable or "").upper() == OWN_VARIABLE:
        return given
    if is_set and model_origin.level <= origin.level:
        return given
    if is_set:
        moved = read_next_model_name(model, name).provider
        stays = moved in (name, provider_name(name))
        return given if stays or moved is None else MainProvider(moved, model_origin, True, True)
    try:
        maker = read_model_name(model, own_server=has_own_server(settings)).provider
    except ProviderConfigurationError:
        if name == AUTO and named_provider(model) is None and not misspelt_provider(model):
            return given  # the provider that is found may serve it
        raise
    return given if maker is None else MainProvider(maker, model_origin, named_provider(model) is not None, True)


def has_own_server(settings: AiSettings) -> bool:
    """Whether an address is set for the default provider."""
    return bool(settings.base_url or os.environ.get(OWN_ADDRESS) or settings.dotenv.get(OWN_ADDRESS))
