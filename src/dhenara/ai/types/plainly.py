"""Validation of the first instances of a class without its pydantic schema.

Building a schema takes milliseconds, and the first one loads much of the standard library. A program that makes one
call creates few instances of few classes, with values of exactly the declared types; these are accepted as they are.
For other values, and for a class that is used more often, the schema is built and pydantic validates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from functools import cache
from math import isfinite
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

M = TypeVar("M", bound=BaseModel)

TAKEN_WITHOUT_SCHEMA = 8
"""Number of instances before the schema is built."""

ITSELF = frozenset({str, int, float, bool, bytes, NoneType, SecretStr})
"""Validation returns values of these types (not of their subclasses) unchanged."""

BOUNDS: dict[type, Callable[[Any, Any], bool]] = {
    Gt: lambda bound, value: value > bound.gt,
    Ge: lambda bound, value: value >= bound.ge,
    Lt: lambda bound, value: value < bound.lt,
    Le: lambda bound, value: value <= bound.le,
    # Text with a minimum length must also be encodable.
    MinLen: lambda bound, value: len(value) >= bound.min_length and (type(value) is not str or value.isascii()),
}


class NotPlain(Exception):
    """Raised if the value has to be validated with the schema."""


class FirstValidator:
    """Stands in for the validator of a class until it is built."""

    __slots__ = ("built", "kind", "taken")

    def __init__(self, kind: type[BaseModel]) -> None:
        self.kind = kind
        self.built = kind.__pydantic_validator__
        """Pydantic's placeholder, which builds the validator on first use."""

        self.taken = 0

    def validate_python(self, given: Any, /, *, self_instance: Any = None, **how: Any) -> Any:
        if self.taken < TAKEN_WITHOUT_SCHEMA and type(given) is dict and not any(how.values()):
            try:
                values = plain_values(self.kind, given)
            except NotPlain:
                self.taken = TAKEN_WITHOUT_SCHEMA
            else:
                self.taken += 1
                return filled(self.kind.__new__(self.kind) if self_instance is None else self_instance, values)
        try:
            return self.built.validate_python(given, self_instance=self_instance, **how)
        finally:
            # It may contain an API key, and the traceback of an error would keep this frame.
            given = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.built, name)


def filled(blank: M, values: dict[str, Any]) -> M:
    """Fill the instance as `model_construct` does, but without inspecting the signatures of default factories."""
    template, makers = initial_values(type(blank))
    all_of_it = template | values
    for name, make in makers:
        if name not in values:
            all_of_it[name] = make()
    object.__setattr__(blank, "__dict__", all_of_it)
    object.__setattr__(blank, "__pydantic_fields_set__", set(values))
    object.__setattr__(blank, "__pydantic_extra__", None)
    object.__setattr__(blank, "__pydantic_private__", None)
    if type(blank).__pydantic_post_init__:
        blank.model_post_init(None)
    return blank


@cache
def initial_values(kind: type[BaseModel]) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]]]:
    """Return every field in order with its default, and the default factories."""
    fields = kind.__pydantic_fields__
    makers: Any = [(name, field.default_factory) for name, field in fields.items() if field.default_factory is not None]
    return {name: field.default for name, field in fields.items()}, makers


def plain_values(kind: type[BaseModel], given: dict[str, Any]) -> dict[str, Any]:
    """Return the values as validation would, or raise `NotPlain`."""
    fields, rules = kind.__pydantic_fields__, kind.__pydantic_decorators__
    if rules.model_validators or rules.root_validators or rules.validators or given.keys() - fields.keys():
        raise NotPlain
    if any(name not in given and field.is_required() for name, field in fields.items()):
        raise NotPlain
    return {name: checked(kind, name, fields[name], value) for name, value in given.items()}


def checked(kind: type[BaseModel], name: str, field: FieldInfo, value: Any) -> Any:
    if field.validation_alias is not None or field.alias is not None or field.discriminator is not None:
        raise NotPlain
    value = plain(field.annotation, ruled(kind, name, "before", value))
    if value is not None and not all(within(bound, value) for bound in field.metadata):
        raise NotPlain
    return ruled(kind, name, "after", value)


def ruled(kind: type[BaseModel], name: str, mode: str, value: Any) -> Any:
    """Apply the field's validators of this mode."""
    for rule in kind.__pydantic_decorators__.field_validators.values():
        if name not in rule.info.fields:
            continue
        function: Any = getattr(rule.func, "__func__", None)
        if rule.info.mode not in ("before", "after") or function is None or function.__code__.co_argcount != 2:
            raise NotPlain
        if rule.info.mode == mode:
            try:
                value = rule.func(value)
            except ValueError as error:
                raise NotPlain from error
    return value


def within(bound: Any, value: Any) -> bool:
    """Whether the value satisfies one constraint of a field."""
    check = BOUNDS.get(type(bound))
    if check is not None:
        return check(bound, value)
    if getattr(bound, "__dict__", None) == {"allow_inf_nan": False}:
        return isfinite(value)
    if type(bound).__name__ == "Parameter":  # only describes the field
        return True
    raise NotPlain


def plain(declared: Any, value: Any) -> Any:
    """Return the value as validation would, or raise `NotPlain`."""
    given, origin = type(value), get_origin(declared)
    if declared is Any:
        return value
    if origin is UnionType or origin is Union:
        return of_union(get_args(declared), value)
    if origin is Literal:
        if any(given is type(each) and value == each for each in get_args(declared)):
            return value
    elif origin is not None:
        return collected(origin, get_args(declared), value)
    elif given is declared and (given in ITSELF or issubclass(given, Enum) or stays(given)):
        return value
    elif declared is SecretStr and given is str:
        return SecretStr(value)
    raise NotPlain


def of_union(members: Sequence[Any], value: Any) -> Any:
    if isinstance(value, dict | list | tuple) and sum(member is not NoneType for member in members) > 1:
        # The declared type is a model, which may have to be created from the value.
        raise NotPlain
    for member in members:
        try:
            return plain(member, value)
        except NotPlain:
            continue
    raise NotPlain


def collected(origin: Any, inside: tuple[Any, ...], value: Any) -> Any:
    """Copy the collection as validation does, so that later changes of the argument have no effect."""
    if type(value) is not origin and (origin, type(value)) != (Sequence, tuple):
        raise NotPlain
    if origin is dict:
        return {plain(inside[0], name): plain(inside[1], each) for name, each in value.items()}
    if origin is list:
        return [plain(inside[0], each) for each in value]
    if origin is Sequence or (origin is tuple and inside[1:] == (Ellipsis,)):
        return tuple(plain(inside[0], each) for each in value)
    raise NotPlain


def stays(given: type) -> bool:
    """Whether validation returns objects of this type unchanged."""
    if not issubclass(given, BaseModel):
        return False
    rules = given.__pydantic_decorators__
    revalidated = given.model_config.get("revalidate_instances", "never") != "never"
    custom = any("__get_pydantic_core_schema__" in kind.__dict__ for kind in given.__mro__ if kind is not BaseModel)
    return not (rules.model_validators or rules.root_validators or revalidated or custom)
