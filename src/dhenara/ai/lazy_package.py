"""Lazy packages: a name is imported when it is first used, so that importing costs nothing.

Names that nothing has are looked up in tables of what other libraries call it, for the error that says what to write.

Modules of version 1 that have no file are served from here too. Each import package appends one `OldModules` to
`sys.meta_path`, as `importlib` documents it. Python asks it last, so it sees only imports that would fail otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

OLD_NAMES = "dhenara.ai.compat.names"
"""Finds the names of version 1; loaded for names that nothing else has."""

HINTS = {"dhenara": "dhenara.ai.types.config.other_names", "ai_utilities": "ai_utilities.compat"}
"""Modules with `ATTRIBUTE_HINTS` and `IMPORT_HINTS`, by import package; read when a name does not exist."""


def lazy_package(
    package: str,
    homes: Mapping[str, str],
    beyond: str | None = None,
    *,
    has_old_names: bool = False,
    old_names: str | None = None,
    others: Sequence[str] = (),
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` for a package whose names live in these modules, all others in the one `beyond`.

    With `has_old_names`, names that are in none of them are looked up among those of version 1, in the module
    `old_names`, which is that of the engine if it is not given. A star takes every name, and so loads everything.
    A name that one of the modules `others` has is an `ImportError` that says so, and so is one of `IMPORT_HINTS`.
    """
    old_home = old_names or (OLD_NAMES if has_old_names else None)

    def find(name: str) -> Any:
        if name == "__all__":
            return [shown for shown in names() if not shown.startswith("_")]
        home = homes.get(name, beyond)
        if name.startswith("__") or (home is None and old_home is None):
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            if old_names is not None and home is None and has_module(package, name):
                value = import_module(f"{package}.{name}")
            elif home is None and old_home is not None:
                value = import_module(old_home).find_old_name(name)
            else:
                value = getattr(import_module(str(home), package), name)
        except AttributeError as error:
            if (hint := find_import_hint(name, package)) is not None:
                raise ImportError(f"cannot import name {name!r}. Write: {hint}") from None
            if (module := find_module_of(name, others)) is not None:
                raise ImportError(f"{name} is in another module: from {module} import {name}") from None
            raise AttributeError(f"module {package!r} has no attribute {name!r}") from error
        setattr(import_module(package), name, value)
        return value

    def names() -> list[str]:
        more = import_module(beyond, package).__dir__() if beyond else []
        return sorted({*homes, *more})

    return find, names


def find_import_hint(name: str, package: str) -> str | None:
    """Return what to write for a name that other libraries have."""
    hint: str | None = import_module(HINTS[package.partition(".")[0]]).IMPORT_HINTS.get(name)
    return hint


class HintedNames:
    """Objects whose missing attributes are errors that say what to write for names of other libraries."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Raise the error; called only for names that do not exist."""
            raise missing_attribute(self, name)


def missing_attribute(owner: object, name: str) -> AttributeError:
    """Return the error for an attribute that an object does not have.

    Args:
        owner: The object.
        name: Name of the attribute.

    Returns:
        The error, with what to write if the name is one that other libraries have.
    """
    hint = None if name.startswith("_") else find_attribute_hint(type(owner), name)
    advice = "" if hint is None else f". Write {hint}"
    return AttributeError(f"{type(owner).__name__!r} object has no attribute {name!r}{advice}", name=name, obj=owner)


def raise_missing(owner: object, name: str) -> NoReturn:
    raise missing_attribute(owner, name)


def find_attribute_hint(kind: type, name: str) -> str | None:
    for base in kind.__mro__:
        module = HINTS.get(base.__module__.partition(".")[0])
        hints: Mapping[str, str] = import_module(module).ATTRIBUTE_HINTS.get(base.__name__, {}) if module else {}
        if name in hints:
            return hints[name]
    return None


def find_module_of(name: str, modules: Sequence[str]) -> str | None:
    """Return which of these modules has a class or function of this library under a name."""
    for module in modules:
        with suppress(ImportError):  # of a package that is not installed
            value = getattr(import_module(module), name, None)
            if getattr(value, "__module__", "").startswith(("dhenara.", "ai_utilities.")):
                return module
    return None


def has_module(package: str, name: str) -> bool:
    return hasattr(import_module(package), "__path__") and find_spec(f"{package}.{name}") is not None


class OldModules:
    """Finds the modules of version 1 that have no file.

    Args:
        package: The package whose modules they were.
        names: The module with `OLD_MODULES`, the full names of these modules, and `open_old_module`, which takes one
            and returns its `__getattr__` and `__dir__`, or raises an error that says what to use. It is loaded when
            a module of the package is not found.
    """

    def __init__(self, package: str, names: str) -> None:
        self.prefix = f"{package}."
        self.names = names

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Return how a module of version 1 is loaded; None for every other name."""
        if not name.startswith(self.prefix) or name == self.names:
            return None
        modules = import_module(self.names).OLD_MODULES
        if name not in modules:
            return None
        has_parts = any(other.startswith(f"{name}.") for other in modules)
        return ModuleSpec(name, self, is_package=has_parts)  # type: ignore[arg-type]  # the part that is used

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Let Python make an empty module."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Set the functions with which the module finds its names."""
        find, names = import_module(self.names).open_old_module(module.__name__)
        module.__dict__.update(__getattr__=find, __dir__=names)
