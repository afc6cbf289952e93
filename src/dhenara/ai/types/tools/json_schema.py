"""JSON Schemas of Python types and of the parameters of functions."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Annotated, Any, get_type_hints

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    create_model,
)
from pydantic.errors import PydanticUndefinedAnnotation, PydanticUserError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticSerializationError

from ...errors import ConfigurationError
from ...wire import json

UNDESCRIBABLE = (PydanticUserError, PydanticUndefinedAnnotation)


class PlainJsonSchema(GenerateJsonSchema):
    """Schema generator that leaves out default values which JSON cannot represent."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012  # declared as in pydantic

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, float) and not isfinite(dft):
            raise PydanticSerializationError(f"{dft} cannot be represented in JSON")
        return super().encode_default(dft)


def adapter_of(kind: Any, called: str) -> TypeAdapter[Any]:
    """Return the type adapter; `called` names the owner of the type in error messages."""
    try:
        return TypeAdapter(kind)
    except UNDESCRIBABLE as error:
        raise ConfigurationError(f"{called}: cannot create a JSON Schema: {first_line(error)}") from error


def schema_of(adapter: TypeAdapter[Any], called: str) -> dict[str, Any]:
    """Return the JSON Schema of the adapter's type."""
    try:
        schema = adapter.json_schema(schema_generator=PlainJsonSchema)
    except UNDESCRIBABLE as error:
        raise ConfigurationError(f"{called}: cannot create a JSON Schema: {first_line(error)}") from error
    return schema


def as_object(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with a root object instead of a root `$ref`."""
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    target = schema.get("$defs", {}).get(name)
    return {**target, **{k: v for k, v in schema.items() if k != "$ref"}} if target is not None else schema


def first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]


@dataclass(slots=True, eq=False)
class FunctionDocs:
    """Description of a function and of its documented parameters."""

    description: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


def read_docstring(function: Callable[..., Any]) -> FunctionDocs:
    """Parse the docstring of a function; empty if there is none or it is inherited from `object`."""
    text = inspect.getdoc(function)
    if not text:
        return FunctionDocs()
    from docstring_parser import ParseError, parse  # compiles many expressions, and only tools need it

    try:
        read = parse(text)
    except ParseError:
        # No known style: use the whole text as the description.
        return FunctionDocs(text)
    options = [part for part in (read.short_description, read.long_description) if part]
    parameters = {one.arg_name.lstrip("*"): one.description for one in read.params if one.description}
    return FunctionDocs("\n\n".join(options) or None, parameters)


SPREAD = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}


@dataclass(slots=True, eq=False)
class Parameters:
    """Reads the arguments of a tool call; `schema` is the JSON Schema that is sent to the model."""

    schema: dict[str, Any]
    model: type[BaseModel]
    positional: tuple[str, ...]
    explicit_defaults: frozenset[str]
    """Parameters whose default is defined only by the schema, not by the function."""

    def read(self, arguments: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Convert the arguments to those of the function. Raises pydantic's ValidationError."""
        # Validate as JSON: strict types accept dates and similar types only from JSON.
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
    """Read the parameters of a function. Every parameter needs a type annotation."""
    hints = read_hints(function, name)
    fixed = function.keywords if isinstance(function, functools.partial) else {}
    fields: dict[str, Any] = {}
    positional: list[str] = []
    spoken: set[str] = set()
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in fixed:
            continue
        check(parameter, hints, name)
        # Generated field names: a parameter may be called "copy" or "_id", which a pydantic field may not.
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
        raise ConfigurationError(f"tool {name!r}: cannot create a JSON Schema: {first_line(error)}") from error
    schema = schema_of(adapter_of(model, f"the tool {name!r}"), f"the tool {name!r}")
    schema.pop("title", None)
    return Parameters({"properties": {}, **schema}, model, tuple(positional), frozenset(spoken))


def innermost(function: Callable[..., Any]) -> Any:
    """Return the function inside of partials."""
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
            f"tool {name!r}: cannot resolve its type annotations ({error}). Define or import the types in its module"
        ) from error


def check(parameter: inspect.Parameter, hints: Mapping[str, Any], name: str) -> None:
    if parameter.kind in SPREAD:
        raise ConfigurationError(
            f"tool {name!r}: {SPREAD[parameter.kind]}{parameter.name} is not supported. "
            "Name the parameters, or use one parameter with a list or dict"
        )
    if parameter.name not in hints:
        raise ConfigurationError(
            f"tool {name!r}: the parameter {parameter.name!r} has no type annotation. Add one, such as "
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
    """Whether a `Field` in the annotation has a description."""
    return any(mark.description for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, FieldInfo))


def annotated_description(hint: Any) -> str | None:
    """Return the description of an annotation such as `Annotated[str, "Where."]`."""
    return next((mark for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, str)), None)


LEGAL = re.compile(r"[A-Za-z0-9_-]{1,64}")


def documented_object(function: Callable[..., Any]) -> Any:
    """Return the object whose docstring describes a callable: its own, not that of the class of a partial or
    instance.
    """
    inner = inspect.unwrap(innermost(function))
    if inspect.isroutine(inner):
        return inner
    return inner if inspect.getdoc(type(inner).__call__) is None else type(inner).__call__


def function_name(function: Callable[..., Any]) -> str:
    inner = innermost(function)
    return str(getattr(inner, "__name__", type(inner).__name__))


def check_function(given: object, example: str) -> None:
    """Raise if a tool is to be made from something that cannot be called."""
    if not callable(given):
        raise ConfigurationError(f"a tool is made from a function, not {type(given).__name__}: {example}")


def legal_name(name: object) -> str:
    if isinstance(name, str) and LEGAL.fullmatch(name):
        return name
    raise ConfigurationError(
        f"invalid tool name {name!r:.90}: use up to 64 letters, digits, _ and -. Use a function with such a name, "
        'or Tool.from_function(function, name="...")'
    )
