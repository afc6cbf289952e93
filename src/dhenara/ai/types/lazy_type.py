"""Types that are imported when a value is first validated against them, to speed up import."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema


class Later:
    """Annotation marker for a type in another module of this package."""

    __slots__ = ("home", "name")

    def __init__(self, home: str, name: str) -> None:
        self.home = home
        self.name = name

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(self.load())

    def __repr__(self) -> str:
        return self.name

    def load(self) -> Any:
        return getattr(import_module(f".{self.home}", __package__), self.name)


def later(home: str, name: str) -> Any:
    """Return an annotation for `name` of the module `home`; type checkers see the type itself."""
    return Annotated[Any, Later(home, name)]
