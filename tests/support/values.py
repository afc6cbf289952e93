"""Values of any of our types, with everything in them that may be in them."""

from __future__ import annotations

import collections.abc
import enum
import importlib
import pkgutil
import sys
import types
import typing
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

import dhenara.ai.types

DEEPEST = 4
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    type(None): st.none(),
    float: st.floats(allow_nan=False),
    int: st.integers(0, 10**6),
    str: st.text(max_size=6),
    bool: st.booleans(),
    bytes: st.binary(max_size=6),
    Decimal: st.decimals(0, 100, places=2, allow_nan=False),
    datetime: st.datetimes(timezones=st.just(UTC)),
    dict: st.dictionaries(st.text(max_size=3), JSON, max_size=2),
}


def kinds() -> Iterator[type[BaseModel]]:
    """Those with a name of their own; models of the arguments of tools are made on the way."""
    for module in pkgutil.walk_packages(dhenara.ai.types.__path__, "dhenara.ai.types."):
        importlib.import_module(module.name)
    for kind in kinds_below(BaseModel):
        if kind.__module__.startswith("dhenara.ai.types") and hasattr(sys.modules[kind.__module__], kind.__name__):
            yield kind


def kinds_below(parent: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for kind in parent.__subclasses__():
        yield kind
        yield from kinds_below(kind)


@cache
def values(kind: type[BaseModel], depth: int = 0) -> st.SearchStrategy[Any]:
    """Every field that dumps show, where the type itself takes it."""
    if depth > DEEPEST:
        return st.nothing()
    shown = {name: field for name, field in kind.model_fields.items() if not field.exclude}
    given = {name: of(field.annotation, depth) for name, field in shown.items()}
    needed = {name: actual for name, actual in given.items() if shown[name].is_required()}

    def make(fields: dict[str, Any]) -> Any:
        try:
            return kind(**fields)
        except (ValidationError, ValueError, TypeError):
            return None

    optional = {name: actual for name, actual in given.items() if name not in needed}
    return st.fixed_dictionaries(needed, optional=optional).map(make).filter(lambda made: made is not None)


def of(annotation: Any, depth: int) -> st.SearchStrategy[Any]:
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    most = 2 if depth < 2 else 0
    if origin is typing.Annotated:
        return of(args[0], depth)
    if origin is typing.Literal:
        return st.sampled_from(args)
    if origin in (typing.Union, types.UnionType):
        return st.one_of([of(one, depth) for one in args])
    if origin in (list, collections.abc.Sequence):
        return st.lists(of(args[0], depth + 1), max_size=most)
    if origin is tuple and args[-1] is ...:
        return st.lists(of(args[0], depth + 1), max_size=most).map(tuple)
    if origin is tuple:
        return st.tuples(*[of(one, depth) for one in args])
    if origin in (dict, collections.abc.Mapping):
        return st.dictionaries(of(args[0], depth), of(args[1], depth + 1), max_size=2)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return st.sampled_from(list(annotation))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return values(annotation, depth + 1)
    return PLAIN.get(annotation, JSON)
