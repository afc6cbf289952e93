"""Partial output: the object as far as it has arrived, as an object of its own type."""

from __future__ import annotations

import dataclasses
import types
from functools import cache, cached_property
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError

from ..types.structured import INSIDE, StructuredOutput
from ..wire.partial_json import PLAIN, PartialJson, ReadPlan

AS_THEY_ARE = (str, int, float, bool, Any)
SLOWEST = 32
"""A new event is made when the text grew by a 32nd, so that a long answer has few more events than a short one."""


class PartialOutputReader:
    """Reads the text of an answer as it arrives, and shows the object so far."""

    __slots__ = ("_json", "_length", "_shown", "_wrapped")

    def __init__(self, shape: StructuredOutput) -> None:
        plan = PLAIN if shape.model_class is None else plan_for(shape.model_class)
        self._wrapped = shape.wrapped
        self._json = PartialJson(InsidePlan(plan) if shape.wrapped else plan)
        self._length = 0
        self._shown = 0

    def add(self, text: str) -> None:
        """Reads the next piece; what was read before is not looked at again."""
        self._json.feed(text)
        self._length += len(text)

    def has_new_value(self) -> bool:
        """Whether there is enough that is new for another event."""
        return self._length > self._shown + self._shown // SLOWEST

    def output(self) -> Any:
        """The object so far; None when there is nothing of it yet."""
        self._shown = self._length
        value = self._json.value()
        return value.get(INSIDE) if self._wrapped and isinstance(value, dict) else value


def partial_output(text: str, shape: StructuredOutput) -> Any:
    """What an unfinished answer says so far; None when nothing of it can be read."""
    growing = PartialOutputReader(shape)
    growing.add(text)
    return growing.output()


class InsidePlan(ReadPlan):
    """The wrapper around an answer that is no object."""

    def __init__(self, inner: ReadPlan) -> None:
        self._inner = inner

    def member(self, name: str) -> ReadPlan:
        return self._inner if name == INSIDE else PLAIN


class LeafPlan(ReadPlan):
    """Values that pydantic makes of plain ones, once they are complete; a date that is being written is a string."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind

    def enter(self, is_object: bool) -> ReadPlan:
        return RawPlan(self)

    def close(self, value: Any) -> Any:
        if value is None:
            return None
        return self.close_plain(value)

    def close_plain(self, value: Any) -> Any:
        """Plain data as this type; as it is where it is none."""
        try:
            return self._adapter.validate_python(value)
        except ValidationError:
            return value

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self._kind)


class RawPlan(ReadPlan):
    """Objects of which it is not known what they will be: plain data, until they are complete."""

    def __init__(self, whole: LeafPlan) -> None:
        self._whole = whole

    def member(self, name: str) -> ReadPlan:
        return PLAIN

    def item(self, index: int) -> ReadPlan:
        return PLAIN

    def close(self, value: Any) -> Any:
        return self._whole.close_plain(value)


class ModelPlan(LeafPlan):
    """Pydantic models. Fields that are not there yet have their default, or None."""

    def __init__(self, kind: type[BaseModel]) -> None:
        super().__init__(kind)
        self._model = kind
        self._names: dict[str, str] = {}
        for name, field in kind.model_fields.items():
            words = (field.alias, field.validation_alias, name)
            self._names.update((word, name) for word in words if isinstance(word, str))
        self._missing = {name: None for name, field in kind.model_fields.items() if field.is_required()}

    def enter(self, is_object: bool) -> ReadPlan:
        return self if is_object else super().enter(is_object)

    def member(self, name: str) -> ReadPlan:
        known = self._names.get(name)
        return PLAIN if known is None else plan_for(self._model.model_fields[known].annotation)

    def close(self, value: Any) -> Any:
        return self.show(value) if isinstance(value, dict) else super().close(value)

    def show(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        names = self._names
        given = {names[word]: one for word, one in value.items() if word in names}
        return self._model.model_construct(set(given), **{**self._missing, **given})


class DataclassPlan(LeafPlan):
    """The same for dataclasses."""

    def __init__(self, kind: Any) -> None:
        super().__init__(kind)
        self._class = kind
        self._hints = hints_of(kind)

    def enter(self, is_object: bool) -> ReadPlan:
        return self if is_object else super().enter(is_object)

    def member(self, name: str) -> ReadPlan:
        return plan_for(self._hints.get(name, Any))

    def close(self, value: Any) -> Any:
        return self.show(value) if isinstance(value, dict) else super().close(value)

    def show(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        made = object.__new__(self._class)
        for field in dataclasses.fields(self._class):
            object.__setattr__(made, field.name, value[field.name] if field.name in value else default_of(field))
        return made


class CollectionPlan(LeafPlan):
    """Lists, tuples, sets and dicts of something."""

    def __init__(self, kind: Any) -> None:
        super().__init__(kind)
        self._origin = get_origin(kind)
        self._inner = get_args(kind)

    def enter(self, is_object: bool) -> ReadPlan:
        return self if is_object == (self._origin is dict) else super().enter(is_object)

    def member(self, name: str) -> ReadPlan:
        return plan_for(self._inner[1])

    def item(self, index: int) -> ReadPlan:
        if self._origin is not tuple or self._inner[-1] is Ellipsis:
            return plan_for(self._inner[0])
        return plan_for(self._inner[index]) if index < len(self._inner) else PLAIN

    def close(self, value: Any) -> Any:
        return self.show(value) if isinstance(value, list | dict) else super().close(value)

    def show(self, value: Any) -> Any:
        if self._origin is list or not isinstance(value, list):
            return value
        try:
            return self._origin(value)  # a tuple or a set
        except TypeError:
            return value  # models cannot be members of sets before they are frozen


class ScalarPlan(LeafPlan):
    """Strings, numbers and anything else that JSON has itself."""

    def enter(self, is_object: bool) -> ReadPlan:
        return PLAIN

    def close(self, value: Any) -> Any:
        return value


def plan_for(kind: Any) -> ReadPlan:
    """How values of this type grow."""
    kind = strip_annotated(kind)
    try:
        return cached_plan(kind)
    except TypeError:
        return make_plan(kind)  # its notes cannot be hashed


@cache
def cached_plan(kind: Any) -> ReadPlan:
    return make_plan(kind)


def make_plan(kind: Any) -> ReadPlan:
    origin = get_origin(kind)
    if kind in AS_THEY_ARE or isinstance(kind, str):
        return ScalarPlan(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel) and not kind.__pydantic_root_model__:
        return ModelPlan(kind)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return DataclassPlan(kind)
    if origin in (list, tuple, set, frozenset, dict) and get_args(kind) not in ((), ((),)):
        return CollectionPlan(kind)
    if origin in (Union, types.UnionType):
        kinds = tuple(one for one in get_args(kind) if one is not type(None))
        # One of several stays plain data until it is complete.
        return plan_for(kinds[0]) if len(kinds) == 1 else LeafPlan(kind)
    return LeafPlan(kind)


def default_of(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return None if field.default is dataclasses.MISSING else field.default


@cache
def hints_of(kind: Any) -> dict[str, Any]:
    """The types of its fields; none where they cannot be resolved from outside of the function they are made in."""
    try:
        return get_type_hints(kind, include_extras=True)
    except NameError:
        return {}


def strip_annotated(kind: Any) -> Any:
    """The type itself, without `Annotated` and without the names that `type` statements give."""
    while hasattr(kind, "__metadata__") or hasattr(kind, "__value__"):
        kind = get_args(kind)[0] if hasattr(kind, "__metadata__") else kind.__value__
    return kind
