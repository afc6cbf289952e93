"""Dataclasses that are cheap to define: their methods are written when they are first used.

The standard ones write half a dozen functions for every class, used or not; for all our classes together that takes
longer than everything that they do in a first call. To those who use these, and to type checkers, they are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ._methods import FROZEN, Unwritten, UnwrittenInit, fields_of, standard_method
from ._plan import DataclassSpec, as_field

C = TypeVar("C")

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass, replace as replace
else:

    def dataclass(*, frozen: bool = False, slots: bool = True, eq: bool = True) -> Callable[[type[C]], type[C]]:
        """As `dataclasses.dataclass`, with slots always, since that is how all of ours are."""
        assert slots
        return lambda plain: with_slots(plain, DataclassSpec(plain, frozen=frozen, eq=eq))

    def replace(one: C, /, **changes: Any) -> C:
        """As `dataclasses.replace`, for ours."""
        unchanged = {name: getattr(one, name) for name in type(one).__match_args__ if name not in changes}
        return type(one)(**unchanged, **changes)


def with_slots(plain: type[C], plan: DataclassSpec) -> type[C]:
    """The class again, with slots for its fields and with methods that are still to be written."""
    given = {name: value for name, value in plain.__dict__.items() if name not in ("__dict__", "__weakref__")}
    body = {name: value for name, value in given.items() if name not in plan.defaults}
    inherited = {slot for kind in plain.__mro__[1:] for slot in kind.__dict__.get("__slots__", ())}
    body["__slots__"] = tuple(name for name in plan.names if name not in inherited)
    body["__plan__"] = plan
    body["__match_args__"] = tuple(name for name in plan.names if as_field(plan.defaults.get(name)).init)
    body["__replace__"] = replace
    body["__init__"] = UnwrittenInit(plan)
    body["__dataclass_fields__"] = Unwritten("__dataclass_fields__", plan, fields_of)
    body |= {name: Unwritten(name, plan, standard_method) for name in methods_to_write(given, plan)}
    if plan.eq and not plan.frozen and given.get("__hash__") is None:
        body["__hash__"] = None
    if plan.frozen:
        body |= FROZEN
    remake: Any = type(plain)
    made: type[C] = remake(plain.__name__, plain.__bases__, body)
    plan.home = made
    return made


def methods_to_write(given: dict[str, Any], plan: DataclassSpec) -> list[str]:
    """What a standard dataclass would have that this class does not have of its own."""
    names = ["__dataclass_params__", "__repr__"]
    if plan.eq:
        names += ["__eq__", "__hash__"] if plan.frozen else ["__eq__"]
    return [name for name in names if given.get(name) is None]
