"""What a dataclass was declared with, from which its methods are written."""

from __future__ import annotations

import dataclasses
from dataclasses import MISSING, Field
from inspect import get_annotations
from typing import Any


class DataclassSpec:
    """The fields with their defaults, those of the base among them, in the order of `__init__`."""

    __slots__ = ("annotations", "defaults", "eq", "frozen", "home", "names")

    def __init__(self, plain: type, *, frozen: bool, eq: bool) -> None:
        base = next((kind.__dict__["__plan__"] for kind in plain.__mro__[1:] if "__plan__" in kind.__dict__), None)
        own = {name: kind for name, kind in get_annotations(plain).items() if "ClassVar" not in str(kind).split("[")[0]}
        self.annotations: dict[str, Any] = {**base.annotations, **own} if base else own
        inherited = base.defaults if base else {}
        self.defaults: dict[str, Any] = {name: value for name, value in inherited.items() if name not in own}
        self.defaults |= {name: plain.__dict__[name] for name in own if name in plain.__dict__}
        self.names = tuple(self.annotations)
        self.frozen = frozen
        self.eq = eq
        self.home = plain

    def fills(self, values: dict[str, Any]) -> bool:
        """Whether these values and the defaults are all that a new object needs."""
        settable = all(each.init for each in self.defaults.values() if isinstance(each, Field))
        here = values.keys() | {name for name, each in self.defaults.items() if not is_bare(each)}
        return settable and values.keys() <= self.annotations.keys() <= here

    def initial(self, name: str) -> Any:
        given = self.defaults[name]
        if not isinstance(given, Field):
            return given
        return given.default if given.default_factory is MISSING else given.default_factory()

    def standard(self, **without: bool) -> Any:
        """A standard dataclass of the same fields, to take from it what is seldom needed."""
        body = {"__annotations__": self.annotations, "__module__": self.home.__module__, "__doc__": "", **self.defaults}
        plain = type(self.home.__name__, (), body)
        return dataclasses.dataclass(**{"frozen": self.frozen, "eq": self.eq, **without})(plain)


def as_field(given: Any) -> Field[Any]:
    """What stands after the `=`, as the field that it says in short."""
    return given if isinstance(given, Field) else dataclasses.field(default=given)


def is_bare(given: Any) -> bool:
    return isinstance(given, Field) and given.default is MISSING and given.default_factory is MISSING
