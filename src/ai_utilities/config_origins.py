"""Sources of settings: code, an environment variable, a line of `.env`, or the default."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from os import PathLike
from pathlib import Path
from typing import Any

from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from dhenara.ai.dataclass import dataclass

from .exceptions import ProviderConfigurationError

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
    given = {name.lower() for name in explicit}
    sources = ((OriginLevel.ENVIRONMENT, lowercase_names(environment)), (OriginLevel.DOTENV, lowercase_names(dotenv)))
    match = {}
    for name, field in fields.items():
        variables = list(variables_of(name, field, prefix))
        if given & {name.lower(), *(variable.lower() for variable in variables)}:
            match[name] = SettingOrigin(OriginLevel.EXPLICIT)
            continue
        origin = next(
            (
                SettingOrigin(level, source[v.lower()])
                for level, source in sources
                for v in variables
                if v.lower() in source
            ),
            None,
        )
        if origin is not None:
            match[name] = origin
    return match


def variables_of(name: str, field: FieldInfo, prefix: str) -> Iterator[str]:
    """The variables a field is read from, in order of precedence."""
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        yield from (choice for choice in alias.choices if isinstance(choice, str))
    else:
        yield f"{prefix}{name.upper()}"


def lowercase_names(source: Mapping[str, str]) -> dict[str, str]:
    """Maps lowercased names to the original ones; empty variables are ignored."""
    return {name.lower(): name for name, value in source.items() if value}


def read_dotenv(files: Any) -> dict[str, str]:
    """The variables in these files; later files override earlier ones."""
    if files is None:
        return {}
    from dotenv import dotenv_values

    several = [files] if isinstance(files, str | PathLike) else list(files)
    paths = [Path(file).expanduser() for file in several]
    match: dict[str, str] = {}
    for path in (path for path in paths if path.is_file()):
        try:
            match |= {name: value for name, value in dotenv_values(path).items() if value}
        except UnicodeDecodeError:
            raise ProviderConfigurationError(f"{path} is not UTF-8 text. Save it as UTF-8.") from None
    return match
