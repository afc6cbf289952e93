"""Process-wide settings, from `dhenara_config.py` or set at run time, the environment as a mapping, and files of
routes.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from .errors import ConfigurationError
from .wire.secrets import SecretText
from .wire.text import similar_names

DEFAULTS: dict[str, Any] = {
    "ENABLE_STREAMING_CONSOLIDATION": True,
    "ENABLE_COST_TRACKING": True,
}

OLD_DEFAULTS: dict[str, Any] = {
    "API_TIMEOUT": 300,
    "DEBUG": False,
    "ENABLE_DETAILED_LOGGING": False,
    "ENABLE_INPUT_FORMAT_CONVERSION": True,
    "ENABLE_USAGE_TRACKING": True,
    "MAX_RETRIES": 3,
}
"""Settings of version 1 that change nothing here; most changed nothing there."""

KNOWN = (*DEFAULTS, *OLD_DEFAULTS)

default_settings = SimpleNamespace(**DEFAULTS, **OLD_DEFAULTS)
"""The defaults as attributes, as version 1 had them."""
OURS = "ENABLE_"
"""Beginning of the names of settings; an unknown name with it is misspelt."""
FILE = "dhenara_config.py"


class Settings:
    """Process-wide settings, read as attributes.

    The file `dhenara_config.py` in the working directory is parsed, not executed, when a setting is first read.

    Attributes:
        ENABLE_STREAMING_CONSOLIDATION: Whether the final tuple of a stream contains the whole response (default
            True).
            If False it contains id, model, usage and finish state, but no choices.
        ENABLE_COST_TRACKING: Whether `usage_charge`, the cost as version 1 shows it, is set (default True). `cost` is
            always there.

    The settings of version 1 that change nothing in this version (`OLD_DEFAULTS`) are accepted as well. So are names of
    your own in capitals, unless they look like a misspelt setting.
    """

    ENABLE_STREAMING_CONSOLIDATION: bool
    ENABLE_COST_TRACKING: bool

    def __init__(self, folder: Path | None = None) -> None:
        self.__dict__["_folder"] = folder
        self.__dict__["_values"] = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        values = self._loaded()
        if name not in values:
            raise AttributeError(unknown_setting(name))
        return values[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self._loaded()[name] = check_value(name, value)

    def __delattr__(self, name: str) -> None:
        """Reset the setting to its default."""
        self._loaded()[name] = check_value(name, {**DEFAULTS, **OLD_DEFAULTS}.get(name))

    def update(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)

    @property
    def configured_settings(self) -> list[str]:
        """The names of all settings."""
        return sorted(self._loaded())

    def _loaded(self) -> dict[str, Any]:
        values: dict[str, Any] | None = self.__dict__["_values"]
        if values is None:
            folder = self.__dict__["_folder"] or Path.cwd()
            values = self.__dict__["_values"] = {**DEFAULTS, **OLD_DEFAULTS, **read_file(folder / FILE)}
        return values


def read_file(path: Path) -> dict[str, Any]:
    """Return the upper-case names that the file sets to literal values."""
    if not path.is_file():
        return {}
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        return dict(named for node in tree.body for named in iter_assignments(node))
    except (SyntaxError, ValueError, OSError) as error:
        raise ConfigurationError(f"{path} could not be read: {error}. Use lines such as NAME = True.") from error


def iter_assignments(node: ast.stmt) -> Iterator[tuple[str, Any]]:
    """Yield the settings of one statement; a statement that would need executing, such as `if`, raises ValueError."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom(module="__future__"):
            return
        case ast.Assign(targets=named, value=value):
            pass
        case ast.AnnAssign(target=ast.Name() as name, value=ast.expr() as value):
            named = [name]
        case _:
            raise ValueError(f"line {node.lineno} is not of the form NAME = value")
    for target in named:
        if not isinstance(target, ast.Name):
            raise ValueError(f"line {node.lineno} is not of the form NAME = value")
        if target.id.isupper():
            yield target.id, check_value(target.id, ast.literal_eval(value))


def check_value(name: str, value: Any) -> Any:
    default = DEFAULTS.get(name, OLD_DEFAULTS.get(name))
    if default is None and (not name.isupper() or name.startswith(OURS) or similar_names(name, KNOWN)):
        raise ConfigurationError(unknown_setting(name))
    if default is None:
        return value
    if type(value) is not type(default) and not (type(default) is int and type(value) is float):
        raise ConfigurationError(f"{name} is {value!r}, but must be a {type(default).__name__}")
    return value


def unknown_setting(name: str) -> str:
    close = similar_names(name.upper(), KNOWN)
    meant = f" Did you mean {' or '.join(close)}?" if close else ""
    return f"Setting {name!r} not found.{meant} Available: {', '.join(DEFAULTS)}."


settings = Settings()


class Environment(Mapping[str, str]):
    """The live environment, read-only; values are masked in `repr`, because they include API keys."""

    __slots__ = ()

    def __getitem__(self, name: str) -> str:
        return SecretText(os.environ[name])

    def __iter__(self) -> Iterator[str]:
        return iter(os.environ)

    def __len__(self) -> int:
        return len(os.environ)

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]  # one type of default
        try:
            return SecretText(os.environ[name])
        except KeyError:
            return default

    def __repr__(self) -> str:
        return f"<environment of {len(self)} variables>"


ENVIRONMENT = Environment()


def environment() -> Mapping[str, str]:
    """Return the live environment, which shows later changes."""
    return ENVIRONMENT


VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,60}")


def read_routes_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the tables of a file of routes.

    Args:
        path: A TOML file with a table for each route.

    Raises:
        ConfigurationError: If it cannot be read, or is empty.
    """
    import tomllib

    try:
        tables: dict[str, Any] = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(f"the file of routes {path} cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the file of routes {path} is not TOML: {error}") from error
    if not tables:
        raise ConfigurationError(f"the file of routes {path} is empty. Write a table for each, such as [smart]")
    return tables


def read_variable(name: object, variables: Mapping[str, str] = os.environ) -> str:
    """Return the value of an environment variable that a route names for a key.

    Args:
        name: Name of the variable.
        variables: The variables. Default: those of this process.

    Raises:
        ConfigurationError: If it is not set. The text shows the name only if it is one: it may be the key by mistake.
    """
    text = "".join(name) if isinstance(name, str) else ""
    value = variables.get(text)
    if not value:
        shown = f"the environment variable {text}" if VARIABLE.fullmatch(text) else "the environment variable"
        raise ConfigurationError(f"api_key_env: {shown} is not set. Set it to the API key")
    return value
