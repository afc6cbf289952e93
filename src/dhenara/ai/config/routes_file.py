"""Files of routes, and the keys in environment variables that routes name."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from os import PathLike, environ
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError

VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,60}")


def read_routes_file(path: str | PathLike[str]) -> dict[str, Any]:
    """Return the tables of a file of routes.

    Args:
        path: A TOML file with a table for each route.

    Raises:
        ConfigurationError: If it cannot be read, or is empty.
    """
    try:
        tables = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"the file of routes {path} cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the file of routes {path} is not TOML: {error}") from error
    if not tables:
        raise ConfigurationError(f"the file of routes {path} is empty. Write a table for each, such as [smart]")
    return tables


def read_variable(name: object, variables: Mapping[str, str] = environ) -> str:
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
