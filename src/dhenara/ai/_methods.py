"""The methods of a dataclass, written when they are first looked up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError
from functools import partial
from typing import Any

from ._plan import DataclassSpec, as_field

FILLED_FROM_PLAN = 4
"""How many objects of a class come before writing its `__init__` is worth its price."""


class MadeAnew:
    """Stands in signatures for a default that is made for each object."""

    def __repr__(self) -> str:
        return "<factory>"


ANEW = MadeAnew()


class Unwritten:
    """Stands in a class for something that takes time to make, until it is first looked at."""

    __slots__ = ("name", "plan", "write")

    def __init__(self, name: str, plan: DataclassSpec, write: Callable[[DataclassSpec, str], Any]) -> None:
        self.name = name
        self.plan = plan
        self.write = write

    def __get__(self, instance: object | None, owner: type) -> Any:
        home = self.plan.home
        if home.__dict__.get(self.name) is self:
            setattr(home, self.name, self.write(self.plan, self.name))
        match = home.__dict__[self.name]
        return match.__get__(instance, owner) if hasattr(match, "__get__") else match


class UnwrittenInit(Unwritten):
    """The first objects of a class are filled from its plan: many classes have no more than these."""

    __slots__ = ("left",)

    def __init__(self, plan: DataclassSpec) -> None:
        super().__init__("__init__", plan, init_of)
        self.left = FILLED_FROM_PLAN

    def __get__(self, instance: object | None, owner: type) -> Any:
        if not isinstance(instance, self.plan.home) or self.left <= 0:
            return super().__get__(instance, owner)
        self.left -= 1
        return partial(self.fill, instance, owner)

    def fill(self, blank: Any, owner: type, /, *given: Any, **named: Any) -> None:
        """What is not plainly right is left to the method itself, and with it the error."""
        values = dict(zip(self.plan.names, given, strict=False))
        if len(values) < len(given) or values.keys() & named.keys() or not self.plan.fills(values | named):
            super().__get__(blank, owner)(*given, **named)
            return
        values |= named
        for name in self.plan.names:
            object.__setattr__(blank, name, values[name] if name in values else self.plan.initial(name))
        if hasattr(owner, "__post_init__"):
            blank.__post_init__()


def standard_method(plan: DataclassSpec, name: str) -> Any:
    return getattr(plan.standard(), name)


def fields_of(plan: DataclassSpec, name: str) -> Any:
    return getattr(plan.standard(init=False, repr=False, eq=False, frozen=False), name)


def init_of(plan: DataclassSpec, name: str) -> Any:
    """`__init__` as text, compiled: objects of hot paths are made as fast as they can be."""
    home = plan.home
    scope: dict[str, Any] = {"__name__": home.__module__, "ANEW": ANEW}
    taken, lines = ["self"], []
    for each in plan.names:
        field = as_field(plan.defaults.get(each, MISSING))
        if field.init:
            taken.append(parameter(each, field))
        elif field.default is MISSING and field.default_factory is MISSING:
            continue
        scope |= {f"default_{each}": field.default, f"make_{each}": field.default_factory}
        scope[f"set_{each}"] = getattr(home, each).__set__
        value = initial_text(each, field)
        lines.append(f"set_{each}(self, {value})" if plan.frozen else f"self.{each} = {value}")
    if hasattr(home, "__post_init__"):
        lines.append("self.__post_init__()")
    exec(f"def {name}({', '.join(taken)}):\n " + "\n ".join(lines or ["pass"]), scope)
    written = scope[name]
    written.__qualname__ = f"{home.__qualname__}.{name}"
    written.__annotations__ = {**plan.annotations, "return": None}
    return written


def parameter(name: str, field: Field[Any]) -> str:
    if field.default_factory is not MISSING:
        return f"{name}=ANEW"
    return name if field.default is MISSING else f"{name}=default_{name}"


def initial_text(name: str, field: Field[Any]) -> str:
    if field.default_factory is not MISSING:
        return f"make_{name}() if {name} is ANEW else {name}" if field.init else f"make_{name}()"
    return name if field.init else f"default_{name}"


def refuse_change(self: Any, name: str, value: Any) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def refuse_removal(self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def state_of(self: Any) -> list[Any]:
    return [getattr(self, name) for name in self.__plan__.names]


def restore(self: Any, state: list[Any]) -> None:
    for name, value in zip(self.__plan__.names, state, strict=True):
        object.__setattr__(self, name, value)


FROZEN = {
    "__setattr__": refuse_change,
    "__delattr__": refuse_removal,
    "__getstate__": state_of,
    "__setstate__": restore,
}
