"""Lazy packages: a name is imported when it is first used, so that importing costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_package(
    package: str, homes: Mapping[str, str], beyond: str | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` for a package whose names live in these modules, all others in the one `beyond`.

    A star takes every name, and so loads everything.
    """

    def find(name: str) -> Any:
        if name == "__all__":
            return [shown for shown in names() if not shown.startswith("_")]
        home = homes.get(name, beyond)
        if home is None or name.startswith("__"):
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            value = getattr(import_module(home, package), name)
        except AttributeError as error:
            raise AttributeError(f"module {package!r} has no attribute {name!r}") from error
        setattr(import_module(package), name, value)
        return value

    def names() -> list[str]:
        more = import_module(beyond, package).__dir__() if beyond else []
        return sorted({*homes, *more})

    return find, names
