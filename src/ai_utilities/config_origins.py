"""Who said a setting: code, a variable of the environment, a line of `.env`, or nobody."""

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


class Level(IntEnum):
    """The higher one wins."""

    DEFAULT = 0
    DOTENV = 1
    ENVIRONMENT = 2
    EXPLICIT = 3


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from; `variable` is the name it was found under."""

    level: Level
    variable: str | None = None

    def __str__(self) -> str:
        match self.level:
            case Level.EXPLICIT:
                return "explicit"
            case Level.ENVIRONMENT:
                return f"environment ({self.variable})"
            case Level.DOTENV:
                return f".env ({self.variable})"
        return "default"


def find_origins(
    fields: Mapping[str, FieldInfo],
    prefix: str,
    explicit: Iterable[str],
    environment: Mapping[str, str],
    dotenv: Mapping[str, str],
) -> dict[str, Origin]:
    """The origin of every field that anybody said anything about."""
    given = {name.lower() for name in explicit}
    sources = ((Level.ENVIRONMENT, named(environment)), (Level.DOTENV, named(dotenv)))
    found = {}
    for name, field in fields.items():
        variables = list(variables_of(name, field, prefix))
        if given & {name.lower(), *(variable.lower() for variable in variables)}:
            found[name] = Origin(Level.EXPLICIT)
            continue
        origin = next(
            (Origin(level, source[v.lower()]) for level, source in sources for v in variables if v.lower() in source),
            None,
        )
        if origin is not None:
            found[name] = origin
    return found


def variables_of(name: str, field: FieldInfo, prefix: str) -> Iterator[str]:
    """The variables that a field is read from, the first one first."""
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        yield from (choice for choice in alias.choices if isinstance(choice, str))
    else:
        yield f"{prefix}{name.upper()}"


def named(source: Mapping[str, str]) -> dict[str, str]:
    """Names in lower case to the names as they were written; empty ones say nothing."""
    return {name.lower(): name for name, value in source.items() if value}


def read_dotenv(files: Any) -> dict[str, str]:
    """What stands in these files; in later ones over earlier ones."""
    if files is None:
        return {}
    from dotenv import dotenv_values

    several = [files] if isinstance(files, str | PathLike) else list(files)
    paths = [Path(file).expanduser() for file in several]
    found: dict[str, str] = {}
    for path in (path for path in paths if path.is_file()):
        try:
            found |= {name: value for name, value in dotenv_values(path).items() if value}
        except UnicodeDecodeError:
            raise ProviderConfigurationError(f"{path} cannot be read as UTF-8 text; save it as UTF-8.") from None
    return found
