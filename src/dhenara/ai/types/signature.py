"""Signatures: the parameters of a typed function as a JSON Schema, and a call's arguments as Python values."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.fields import FieldInfo

from ..dataclass import dataclass
from ..errors import ConfigurationError
from .docstring import FunctionDocs
from .json_schema import UNDESCRIBABLE, adapter_of, first_line, schema_of

SPREAD = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}


@dataclass(frozen=True, slots=True)
class Parameters:
    """Reads the arguments of a call; `schema` is what the model is told of them."""

    schema: dict[str, Any]
    model: type[BaseModel]
    positional: tuple[str, ...]
    explicit_defaults: frozenset[str]
    """Those whose default the function does not know by itself."""

    def read(self, arguments: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments as the function takes them. Raises pydantic's ValidationError."""
        from ..wire import json

        # Read as JSON, because that is what was said: strict types know dates and the like from it.
        read = self.model.model_validate_json(json.dumps(dict(arguments)))
        fields = type(read).model_fields
        text = read.model_fields_set | self.explicit_defaults
        given = {str(fields[name].alias): getattr(read, name) for name in fields if name in text}
        leading: list[Any] = []
        for name in self.positional:
            if name not in given:
                break
            leading.append(given.pop(name))
        return leading, given


def read_signature(function: Callable[..., Any], name: str, docs: FunctionDocs) -> Parameters:
    """Every parameter needs a type: nothing is guessed."""
    hints = read_hints(function, name)
    fixed = function.keywords if isinstance(function, functools.partial) else {}
    fields: dict[str, Any] = {}
    positional: list[str] = []
    spoken: set[str] = set()
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in fixed:
            continue
        check(parameter, hints, name)
        # Names of our own: a parameter may be called "copy" or "_id", which a model's field may not.
        field, hint = f"p{len(fields)}", hints[parameter.name]
        if isinstance(parameter.default, FieldInfo):
            spoken.add(field)
            hint = Annotated[hint, parameter.default]
        fields[field] = (hint, parameter_field(parameter, hint, docs))
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            positional.append(parameter.name)
    closed = ConfigDict(extra="forbid", protected_namespaces=(), defer_build=True)
    try:
        model = create_model("Arguments", __config__=closed, **fields)
    except UNDESCRIBABLE as error:
        raise ConfigurationError(f"the tool {name!r} cannot be described to a model: {first_line(error)}") from error
    schema = schema_of(adapter_of(model, f"the tool {name!r}"), f"the tool {name!r}")
    schema.pop("title", None)
    return Parameters({"properties": {}, **schema}, model, tuple(positional), frozenset(spoken))


def innermost(function: Callable[..., Any]) -> Any:
    """What a partial is made of."""
    while isinstance(function, functools.partial):
        function = function.func
    return function


def read_hints(function: Callable[..., Any], name: str) -> dict[str, Any]:
    target = inspect.unwrap(innermost(function))
    if not (inspect.isfunction(target) or inspect.ismethod(target)):
        target = type(target).__call__
    try:
        return get_type_hints(target, include_extras=True)
    except (NameError, TypeError) as error:
        raise ConfigurationError(
            f"the types of the tool {name!r} cannot be resolved ({error}); define or import them where it is defined"
        ) from error


def check(parameter: inspect.Parameter, hints: Mapping[str, Any], name: str) -> None:
    if parameter.kind in SPREAD:
        raise ConfigurationError(
            f"the tool {name!r} takes {SPREAD[parameter.kind]}{parameter.name}, which cannot be described to a model; "
            "name its parameters, or take one parameter that is a list or a dict"
        )
    if parameter.name not in hints:
        raise ConfigurationError(
            f"the parameter {parameter.name!r} of the tool {name!r} has no type; annotate it, such as "
            f"`{parameter.name}: str`"
        )


def parameter_field(parameter: inspect.Parameter, hint: Any, docs: FunctionDocs) -> FieldInfo:
    options: dict[str, Any] = {"alias": parameter.name}
    description = None if has_description(hint) else docs.parameters.get(parameter.name) or annotated_description(hint)
    if description is not None:
        options["description"] = description
    default = parameter.default
    if isinstance(default, FieldInfo):
        default = inspect.Parameter.empty if default.is_required() else default.get_default(call_default_factory=True)
    if default is not inspect.Parameter.empty:
        options["default"] = default
    field: FieldInfo = Field(**options)
    return field


def has_description(hint: Any) -> bool:
    """Whether a `Field` beside the type has a description already."""
    return any(mark.description for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, FieldInfo))


def annotated_description(hint: Any) -> str | None:
    """The words beside the type: `Annotated[str, "Where."]`."""
    return next((mark for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, str)), None)
