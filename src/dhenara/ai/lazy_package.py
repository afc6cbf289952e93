"""Lazy packages: a name is imported when it is first used, so that importing costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

OLD_NAMES = "dhenara.ai.compat.names"
"""Finds the names of version 1; loaded for names that nothing else has."""


def lazy_package(
    package: str,
    homes: Mapping[str, str],
    beyond: str | None = None,
    *,
    has_old_names: bool = False,
    old_names: str | None = None,
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` for a package whose names live in these modules, all others in the one `beyond`.

    With `has_old_names`, names that are in none of them are looked up among those of version 1, in the module
    `old_names`, which is that of the engine if it is not given. A star takes every name, and so loads everything.
    """
    old_home = old_names or (OLD_NAMES if has_old_names else None)

    def find(name: str) -> Any:
        if name == "__all__":
            return [shown for shown in names() if not shown.startswith("_")]
        home = homes.get(name, beyond)
        if name.startswith("__") or (home is None and old_home is None):
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            if old_names is not None and home is None and find_spec(f"{package}.{name}") is not None:
                value = import_module(f"{package}.{name}")
            elif home is None and old_home is not None:
                value = import_module(old_home).find_old_name(name)
            else:
                value = getattr(import_module(str(home), package), name)
        except AttributeError as error:
            raise AttributeError(f"module {package!r} has no attribute {name!r}") from error
        setattr(import_module(package), name, value)
        return value

    def names() -> list[str]:
        more = import_module(beyond, package).__dir__() if beyond else []
        return sorted({*homes, *more})

    return find, names
