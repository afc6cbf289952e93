"""Dataclasses that are cheap to define: their methods are written when they are first used.

The standard ones write half a dozen functions for every class, used or not; for all our classes together that takes
longer than everything that they do in a first call. To those who use these, and to type checkers, they are the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError
from functools import partial
from inspect import get_annotations
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass, replace as replace
else:

    def dataclass(*, frozen: bool = False, slots: bool = True, eq: bool = True) -> Callable[[type[C]], type[C]]:
        """As `dataclasses.dataclass`, with slots always, since that is how all of ours are."""
        assert slots
        return lambda plain: _slotted(plain, Plan(plain, frozen=frozen, eq=eq))

    def replace(one: C, **changes: Any) -> C:
        """As `dataclasses.replace`, for ours."""
        kept = {name: getattr(one, name) for name in type(one).__match_args__ if name not in changes}
        return type(one)(**kept, **changes)


C = TypeVar("C")

PLAN = "__plan__"

FILLED_FROM_PLAN = 4
"""How many objects of a class come before writing its `__init__` is worth its price."""


class Plan:
    """What a class was declared with, from which its methods are written."""

    __slots__ = ("annotations", "defaults", "eq", "frozen", "home", "names")

    def __init__(self, plain: type, *, frozen: bool, eq: bool) -> None:
        base = next((kind.__dict__[PLAN] for kind in plain.__mro__[1:] if PLAN in kind.__dict__), None)
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
        settable = all(_as_field(each).init for each in self.defaults.values())
        here = values.keys() | {name for name, each in self.defaults.items() if not _is_bare(each)}
        return settable and values.keys() <= self.annotations.keys() <= here

    def standard(self, **without: bool) -> Any:
        """A standard dataclass of the same fields, to take from it what is seldom needed."""
        body = {"__annotations__": self.annotations, "__module__": self.home.__module__, "__doc__": "", **self.defaults}
        plain = type(self.home.__name__, (), body)
        return dataclasses.dataclass(**{"frozen": self.frozen, "eq": self.eq, **without})(plain)


class Unwritten:
    """Stands in a class for something that takes time to make, until it is first looked at."""

    __slots__ = ("name", "plan", "write")

    def __init__(self, name: str, plan: Plan, write: Callable[[Plan, str], Any]) -> None:
        self.name = name
        self.plan = plan
        self.write = write

    def __get__(self, instance: object | None, owner: type) -> Any:
        home = self.plan.home
        if home.__dict__.get(self.name) is self:
            setattr(home, self.name, self.write(self.plan, self.name))
        return getattr(owner if instance is None else instance, self.name)


class UnwrittenInit(Unwritten):
    """The first objects of a class are filled from its plan: many classes have no more than these."""

    __slots__ = ("left",)

    def __init__(self, plan: Plan) -> None:
        super().__init__("__init__", plan, _write_init)
        self.left = FILLED_FROM_PLAN

    def __get__(self, instance: object | None, owner: type) -> Any:
        if instance is None or self.left == 0:
            return super().__get__(instance, owner)
        self.left -= 1
        return partial(self.fill, instance, owner)

    def fill(self, blank: Any, owner: type, /, *given: Any, **named: Any) -> None:
        values = dict(zip(self.plan.names, given, strict=False))
        if len(values) < len(given) or values.keys() & named.keys() or not self.plan.fills(values | named):
            super().__get__(blank, owner)(*given, **named)
            return
        values |= named
        for name in self.plan.names:
            value = values[name] if name in values else _initial(self.plan.defaults[name])
            object.__setattr__(blank, name, value)
        if hasattr(owner, "__post_init__"):
            blank.__post_init__()


def _slotted(plain: type[C], plan: Plan) -> type[C]:
    """The class again, with slots for its fields and with methods that are still to be written."""
    body = {
        name: value
        for name, value in plain.__dict__.items()
        if name not in plan.defaults and name not in ("__dict__", "__weakref__")
    }
    inherited = {slot for kind in plain.__mro__[1:] for slot in kind.__dict__.get("__slots__", ())}
    body["__slots__"] = tuple(name for name in plan.names if name not in inherited)
    body[PLAN] = plan
    body["__match_args__"] = tuple(name for name in plan.names if _as_field(plan.defaults.get(name)).init)
    body["__init__"] = UnwrittenInit(plan)
    body["__dataclass_fields__"] = Unwritten("__dataclass_fields__", plan, _take_fields)
    later = ["__dataclass_params__"]
    if "__repr__" not in plain.__dict__:
        later.append("__repr__")
    if plan.eq:
        _add_equality(body, later, frozen=plan.frozen)
    for name in later:
        body[name] = Unwritten(name, plan, _take_from_standard)
    if plan.frozen:
        body |= FROZEN
    remake: Any = type(plain)
    made: type[C] = remake(plain.__name__, plain.__bases__, body)
    plan.home = made
    return made


def _add_equality(body: dict[str, Any], later: list[str], *, frozen: bool) -> None:
    own_hash = body.get("__hash__") is not None
    if "__eq__" not in body:
        later.append("__eq__")
    if not own_hash and frozen:
        later.append("__hash__")
    elif not own_hash:
        body["__hash__"] = None


def _take_from_standard(plan: Plan, wanted: str) -> Any:
    return getattr(plan.standard(), wanted)


def _take_fields(plan: Plan, wanted: str) -> Any:
    return getattr(plan.standard(init=False, repr=False, eq=False, frozen=False), wanted)


def _as_field(given: Any) -> Field[Any]:
    return given if isinstance(given, Field) else dataclasses.field()


def _is_bare(given: Any) -> bool:
    return isinstance(given, Field) and given.default is MISSING and given.default_factory is MISSING


def _initial(given: Any) -> Any:
    if not isinstance(given, Field):
        return given
    return given.default if given.default_factory is MISSING else given.default_factory()


def _write_init(plan: Plan, name: str) -> Any:
    home = plan.home
    scope: dict[str, Any] = {"__name__": home.__module__, "MISSING": MISSING}
    taken, lines = ["self"], []
    for each in plan.names:
        given = plan.defaults.get(each, MISSING)
        declared = _as_field(given)
        default = declared.default if given is declared else given
        value = each
        if declared.default_factory is not MISSING:
            scope[f"make_{each}"], default = declared.default_factory, MISSING
            value = f"make_{each}() if {each} is MISSING else {each}" if declared.init else f"make_{each}()"
            taken.append(f"{each}=MISSING") if declared.init else None
        elif not declared.init:
            if default is MISSING:
                continue
            value = f"default_{each}"
        else:
            taken.append(each if default is MISSING else f"{each}=default_{each}")
        scope[f"default_{each}"] = default
        scope[f"set_{each}"] = getattr(home, each).__set__
        lines.append(f"set_{each}(self, {value})" if plan.frozen else f"self.{each} = {value}")
    if hasattr(home, "__post_init__"):
        lines.append("self.__post_init__()")
    exec(f"def {name}({', '.join(taken)}):\n " + "\n ".join(lines or ["pass"]), scope)
    written = scope[name]
    written.__qualname__ = f"{home.__qualname__}.{name}"
    written.__annotations__ = {**plan.annotations, "return": None}
    return written


def _refuse_change(self: Any, name: str, value: Any) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_removal(self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, name) for name in type(self).__plan__.names]


def _restore(self: Any, state: list[Any]) -> None:
    for name, value in zip(type(self).__plan__.names, state, strict=True):
        object.__setattr__(self, name, value)


FROZEN = {
    "__setattr__": _refuse_change,
    "__delattr__": _refuse_removal,
    "__getstate__": _state,
    "__setstate__": _restore,
}
