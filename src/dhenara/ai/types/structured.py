"""Structured output: the shape an answer must have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self, get_origin

from pydantic import Field, ValidationError, model_validator

from ..errors import ConfigurationError
from .schema_source import SchemaSource

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from ..schema.validate import Checker

OutputMode = Literal["native", "tool", "prompt"]
"""How an answer is held to its shape: by the provider, as arguments of a tool, or by asking for it."""

ILLEGAL = re.compile(r"[^A-Za-z0-9_-]+")
VALUES = frozenset({"enum", "const", "default", "examples"})
"""Keywords that hold values, not schemas."""

INSIDE = "value"
"""The property that holds an answer which is no object by itself."""


class StructuredOutput(SchemaSource):
    """A JSON Schema with a name. A pydantic model, dataclass, TypedDict or bare schema becomes one by itself.

    Without a `mode`, the best one that the provider offers for this schema is taken. `strict` is for providers that
    distinguish it; without, they are held to the schema wherever it can be said to them.
    """

    output_schema: dict[str, Any]
    name: str = "answer"
    description: str | None = None
    strict: bool | None = None
    mode: Literal["auto", OutputMode] = "auto"
    wrapped: bool = False
    """Whether the answer stands in a property of its own, because it is no object."""

    model_class: Any = Field(default=None, exclude=True, repr=False)

    @model_validator(mode="before")
    @classmethod
    def _read_shape(cls, given: Any) -> Any:
        # What a `type` statement made knows its value.
        if isinstance(given, type) or get_origin(given) is not None or hasattr(given, "__value__"):
            return read_type(given)
        if isinstance(given, StructuredOutput) or (isinstance(given, Mapping) and "output_schema" in given):
            return given
        if not isinstance(given, Mapping):
            raise ValueError(f"give a pydantic model, another type, or a JSON Schema as a dict, not {given!r:.40}")
        if "model_class" in given:
            return {**read_type(given["model_class"]), **given}
        from ..schema.definition import check_definition

        name = str(given.get("title") or "answer")
        check_definition(given, f"the output {name!r}")
        return read_schema(given, name)

    @model_validator(mode="after")
    def _check_schema(self) -> Self:
        if self.model_class is None:
            from ..schema.definition import check_definition

            check_definition(self.output_schema, f"the output {self.name!r}")
        return self

    @classmethod
    def of(cls, kind: Any, **settings: Any) -> Self:
        """The shape of a type or schema, with a name, mode or description of your choice.

        Raises:
            InvalidSchemaError: The schema is not one, or refers to what is not in it.
        """
        try:
            shape = cls.model_validate(kind)
        except ValidationError as error:
            raise cause_of(error) from error
        return cls.model_validate({**{name: getattr(shape, name) for name in shape.model_fields_set}, **settings})

    def _own_schema(self) -> dict[str, Any]:
        return self.output_schema

    @cached_property
    def checker(self) -> Checker:
        """What checks answers against the schema."""
        from ..schema.validate import Checker

        return Checker(self.output_schema)

    @cached_property
    def adapter(self) -> TypeAdapter[Any] | None:
        """What reads an answer into the type that was asked for; None where only a schema was given."""
        from .json_schema import adapter_of

        return None if self.model_class is None else adapter_of(self.model_class, f"the output {self.name!r}")


def read_type(kind: Any) -> dict[str, Any]:
    from .json_schema import adapter_of, schema_of
    from .tool import own_docstring

    name = getattr(kind, "__name__", None) or "answer"
    schema = schema_of(adapter_of(kind, f"the output {name!r}"), f"the output {name!r}")
    text = {**read_schema(schema, name), "model_class": kind}
    about = own_docstring(kind) if isinstance(kind, type) else None
    return text if about is None else {**text, "description": about}


def read_schema(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Providers want an object: anything else is put into a property of one."""
    legal = ILLEGAL.sub("_", name).strip("_")[:64] or "answer"
    if is_object(schema):
        return {"output_schema": dict(schema), "name": legal}
    hoisted = () if "$id" in schema else ("$defs", "definitions")
    inner = {word: value for word, value in schema.items() if word not in (*hoisted, "$schema")}
    inner = inner if "$id" in schema else moved(inner)
    outer: dict[str, Any] = {
        "type": "object",
        "properties": {INSIDE: inner},
        "required": [INSIDE],
        "additionalProperties": False,
    }
    outer |= {word: moved(schema[word]) for word in hoisted if word in schema}
    outer |= {word: schema[word] for word in ("$schema",) if word in schema}
    return {"output_schema": outer, "name": legal, "wrapped": True}


def moved(schema: Any) -> Any:
    """The schema with references to its own root that lead to where it stands in the wrapper."""
    if isinstance(schema, list | tuple):
        return [moved(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        word: place_of(value) if word == "$ref" else value if word in VALUES else moved(value)
        for word, value in schema.items()
    }


def place_of(reference: Any) -> Any:
    if not isinstance(reference, str) or reference.startswith(("#/$defs/", "#/definitions/")):
        return reference
    return f"#/properties/{INSIDE}{reference[1:]}" if reference == "#" or reference.startswith("#/") else reference


def cause_of(error: ValidationError) -> Exception:
    """The error of ours that a validator raised, if it was one."""
    causes = (one.get("ctx", {}).get("error") for one in error.errors())
    return next((one for one in causes if isinstance(one, ConfigurationError)), error)


def is_object(schema: Mapping[str, Any]) -> bool:
    from ..schema.validate import resolved

    match: Any = schema
    for _ in range(8):
        if not (isinstance(match, Mapping) and "$ref" in match and "type" not in match):
            break
        match = resolved(schema, match["$ref"])
    return isinstance(match, Mapping) and (match.get("type") == "object" or "properties" in match or "allOf" in match)
