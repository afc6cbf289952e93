"""Partial output: the object as far as it has arrived, as an object of its own type."""

from __future__ import annotations

import dataclasses
import types
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import from_json

from ..types.structured import INSIDE, StructuredOutput

PLAIN = (str, int, float, bool, Any)
SLOWEST = 32
"""A new object is made when the text grew by a 32nd, so that a long answer costs little more than a short one."""


class Growing:
    """Collects the text of an answer, and says when there is a new object to be seen."""

    __slots__ = ("_length", "_pieces", "_shape", "_shown")

    def __init__(self, shape: StructuredOutput) -> None:
        self._shape = shape
        self._pieces: list[str] = []
        self._length = 0
        self._shown = 0

    def add(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)

    def due(self) -> bool:
        return self._length > self._shown + self._shown // SLOWEST

    def output(self) -> Any:
        """The object so far; None when there is nothing of it yet."""
        self._shown = self._length
        self._pieces = ["".join(self._pieces)]
        return partial_output(self._pieces[0], self._shape)


def partial_output(text: str, shape: StructuredOutput) -> Any:
    """What an unfinished answer says so far; None when nothing of it can be read."""
    begin = text.find("{")
    if begin < 0:
        return None
    try:
        data = from_json(text[begin:], allow_partial="trailing-strings")
    except ValueError:
        return None
    if shape.wrapped:
        data = data.get(INSIDE) if isinstance(data, dict) else None
    return data if shape.model_class is None or data is None else partial_value(shape.model_class, data)


def partial_value(kind: Any, data: Any) -> Any:
    """The data as this type as far as it goes; values that are not there yet are left at their default, or None."""
    kind = without_notes(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel) and isinstance(data, dict):
        return partial_model(kind, data)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind) and isinstance(data, dict):
        return partial_dataclass(kind, data)
    if get_origin(kind) in (list, tuple, set, frozenset) and isinstance(data, list):
        items = get_args(kind)
        return [partial_value(items[0], one) for one in data] if items else data
    if get_origin(kind) is dict and isinstance(data, dict):
        return {name: partial_value(get_args(kind)[1], one) for name, one in data.items()}
    if get_origin(kind) in (Union, types.UnionType):
        return partial_union(get_args(kind), data)
    return whole_or_raw(kind, data)


def partial_model(kind: type[BaseModel], data: dict[str, Any]) -> BaseModel:
    given: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        words = (field.alias, field.validation_alias, name)
        said = next((word for word in words if isinstance(word, str) and word in data), None)
        if said is not None:
            given[name] = partial_value(field.annotation, data[said])
        elif field.is_required():
            given[name] = None
    return kind.model_construct(set(data) & set(given), **given)


def partial_dataclass(kind: Any, data: dict[str, Any]) -> Any:
    made = object.__new__(kind)
    for field in dataclasses.fields(kind):
        if field.name in data:
            value = partial_value(hints_of(kind).get(field.name, Any), data[field.name])
        elif field.default_factory is not dataclasses.MISSING:
            value = field.default_factory()
        else:
            value = None if field.default is dataclasses.MISSING else field.default
        object.__setattr__(made, field.name, value)
    return made


def partial_union(kinds: tuple[Any, ...], data: Any) -> Any:
    """As the only kind of object there can be; where there are several, plain data until it is whole."""
    if data is None:
        return None
    kinds = tuple(kind for kind in kinds if kind is not type(None))
    return partial_value(kinds[0], data) if len(kinds) == 1 else whole_or_raw(Union[kinds], data)  # noqa: UP007  # made of values


def whole_or_raw(kind: Any, data: Any) -> Any:
    """A date that is still being spelled is a string so far."""
    if kind in PLAIN or isinstance(kind, str):
        return data
    try:
        return adapter_for(kind).validate_python(data)
    except ValidationError:
        return data


@cache
def hints_of(kind: Any) -> dict[str, Any]:
    """The types of its fields; none where they cannot be resolved from outside of the function they are made in."""
    try:
        return get_type_hints(kind, include_extras=True)
    except NameError:
        return {}


@cache
def adapter_for(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def without_notes(kind: Any) -> Any:
    return get_args(kind)[0] if hasattr(kind, "__metadata__") else kind
