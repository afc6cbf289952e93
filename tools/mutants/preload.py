"""Imports what tests need before they are forked, except the changed files and all that import them."""

from __future__ import annotations

import importlib
import importlib.abc
import sys
import warnings
from collections.abc import Iterable, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from .table import ROOT

PROJECT = ("dhenara", "ai_utilities")


class Blocker(importlib.abc.MetaPathFinder):
    """Refuses to import some modules; the modules that import them fail with them and are not loaded either."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in self.names:
            raise ImportError(f"{fullname} is imported after the fork")
        return None


def module_name(file: str) -> str:
    """Return the name of the module in a file below `src`."""
    return ".".join(Path(file).relative_to("src").with_suffix("").parts)


def loaded_modules() -> list[str]:
    """Return the names of the modules of this process but those of tests, in the order in which they were imported."""
    tests = str(ROOT / "tests")
    return [
        name
        for name, module in list(sys.modules.items())
        if not str(getattr(module, "__file__", None) or tests).startswith(tests)
    ]


def preload(names: Iterable[str], files: Sequence[str]) -> None:
    """Import these modules, except the ones in `files` and those that need them at import time."""
    blocker = Blocker(frozenset(map(module_name, files)))
    sys.meta_path.insert(0, blocker)
    try:
        for name in names:
            import_if_possible(name)
    finally:
        sys.meta_path.remove(blocker)


def import_if_possible(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001  # whatever a package raises here, it raises in the tests too
            del error


def use_source(source: Path) -> None:
    """Import everything of the project that is not loaded yet from this folder."""
    sys.path.insert(0, str(source))
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in PROJECT and isinstance(getattr(module, "__path__", None), list):
            module.__path__ = [str(source.joinpath(*name.split(".")))]
    importlib.invalidate_caches()
