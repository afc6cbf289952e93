"""Structured output: the requested type and its schema, and the parsed value in a response."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, get_origin

from pydantic import BaseModel, Field, TypeAdapter, ValidationError, model_validator

from ...errors import (
    ConfigurationError,
    InvalidOutputError,
    InvalidSchemaError,
    OutputError,
    RefusedError,
    TruncatedError,
)
from ...schema.validate import Checker, resolved
from ...schema.validate_schema import check_definition
from ...wire import json
from ...wire.json import find_json
from ..content.parts import StructuredContent
from ..tools.json_schema import adapter_of, schema_of
from ..tools.tool import describe_errors, own_docstring
from ..tools.tool_definition import SchemaSource

if TYPE_CHECKING:
    from .response import ChatResponse


OutputMode = Literal["native", "tool", "prompt"]
"""How the schema is enforced: by the provider, as arguments of a tool call, or by instructions in the prompt."""

T = TypeVar("T")
ILLEGAL = re.compile(r"[^A-Za-z0-9_-]+")
VALUES = frozenset({"enum", "const", "default", "examples"})
"""Schema keywords that contain values, not schemas."""

INSIDE = "value"
"""Name of the property that wraps an answer which is not an object."""


class StructuredOutput(SchemaSource):
    """A JSON Schema with a name. Pydantic models, dataclasses, TypedDicts and plain schemas are converted
    automatically.

    Attributes:
        output_schema: The JSON Schema.
        name: Name of the schema. Default `"answer"`.
        description: Description for the model.
        strict: Whether the provider must enforce the schema. Default None: enforced if the provider supports the
            schema.
        mode: `"native"`, `"tool"` or `"prompt"`. Default `"auto"`: the best mode that the provider supports.
        wrapped: Whether the answer is wrapped in a property because it is not an object.
        model_class: Type that answers are converted to.
    """

    output_schema: dict[str, Any]
    name: str = "answer"
    description: str | None = None
    strict: bool | None = None
    mode: Literal["auto", OutputMode] = "auto"
    wrapped: bool = False
    model_class: Any = Field(default=None, exclude=True, repr=False)

    @model_validator(mode="before")
    @classmethod
    def _read_shape(cls, given: Any) -> Any:
        # An alias from a `type` statement has a `__value__`.
        if isinstance(given, type) or get_origin(given) is not None or hasattr(given, "__value__"):
            return read_type(given)
        if isinstance(given, StructuredOutput) or (isinstance(given, Mapping) and "output_schema" in given):
            return given
        if not isinstance(given, Mapping):
            meant = f": structured_output={type(given).__name__}" if isinstance(given, BaseModel) else ""
            raise InvalidSchemaError(
                "structured_output must be a type such as a pydantic model, or a JSON Schema (dict), not "
                f"{given!r:.40}{meant}"
            )
        given = vendor_schema(given)
        if "model_class" in given:
            return {**read_type(given["model_class"]), **given}
        name = str(given.get("title") or "answer")
        check_definition(given, f"the output {name!r}")
        return read_schema(given, name)

    @model_validator(mode="after")
    def _check_schema(self) -> Self:
        if self.model_class is None:
            check_definition(self.output_schema, f"the output {self.name!r}")
        return self

    @classmethod
    def of(cls, kind: Any, **settings: Any) -> Self:
        """Create a StructuredOutput from a type or schema.

        Args:
            kind: Type or JSON Schema.
            **settings: Other fields, such as `name`, `mode` or `description`.

        Returns:
            The structured output.

        Raises:
            InvalidSchemaError: The schema is invalid, or has a reference that does not resolve.
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
        """Validator of answers against the schema."""
        return Checker(self.output_schema)

    @cached_property
    def adapter(self) -> TypeAdapter[Any] | None:
        """Adapter that converts answers to the requested type; None if only a schema was given."""
        return None if self.model_class is None else adapter_of(self.model_class, f"the output {self.name!r}")


def vendor_schema(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema in a `response_format` of OpenAI or an `output_format` of Anthropic; other dicts are schemas."""
    inner = given.get("json_schema", given.get("format", given))
    if given.get("type") == "json_object":
        raise InvalidSchemaError(
            'structured_output needs a schema, not {"type": "json_object"}. Write structured_output=Person, or a JSON '
            "Schema (dict)"
        )
    if (given.get("type") != "json_schema" and inner is given) or not isinstance(inner, Mapping):
        return given
    schema = inner.get("schema")
    if not isinstance(schema, Mapping):
        return given
    name = inner.get("name")
    return {**schema, "title": name} if isinstance(name, str) else schema


def checked_type(prompt: object, kind: type[T], method: str) -> type[T]:
    """Return the type that an answer becomes; raise if it was passed in place of the prompt."""
    if isinstance(prompt, type) or get_origin(prompt) is not None:
        raise ConfigurationError(f"{method} takes the prompt first and the type second: {method}(prompt, Person)")
    return kind


def read_type(kind: Any) -> dict[str, Any]:
    name = getattr(kind, "__name__", None) or "answer"
    schema = schema_of(adapter_of(kind, f"the output {name!r}"), f"the output {name!r}")
    text = {**read_schema(schema, name), "model_class": kind}
    about = own_docstring(kind) if isinstance(kind, type) else None
    return text if about is None else {**text, "description": about}


def read_schema(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Wrap the schema in an object if it is not one, because providers require an object."""
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
    """Rewrite references to the root of the schema to its place in the wrapper."""
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
    """Return the error of our own that caused a validation error, if there is one."""
    causes = (one.get("ctx", {}).get("error") for one in error.errors())
    return next((one for one in causes if isinstance(one, ConfigurationError)), error)


def is_object(schema: Mapping[str, Any]) -> bool:
    definition: Any = schema
    for _ in range(8):
        if not (isinstance(definition, Mapping) and "$ref" in definition and "type" not in definition):
            break
        definition = resolved(schema, definition["$ref"])
    return isinstance(definition, Mapping) and (
        definition.get("type") == "object" or "properties" in definition or "allOf" in definition
    )


CUT = ("length", "context_length")
DECLINED = ("refusal", "content_filter")


def read_output(response: "ChatResponse", kind: Any = None) -> Any:
    """Return the parsed object, validated as `kind` if given."""
    if problem := problem_with(response):
        raise problem
    content = next((part for part in response.contents if isinstance(part, StructuredContent)), None)
    data = content.parsed if content is not None else None
    if kind is None or (isinstance(kind, type) and content is not None and type(data) is kind):
        return data
    return validate_output(response, content, kind)


def has_plain_data(answer: "ChatResponse") -> bool:
    """Return whether the answer was read from JSON, so that its object has to be made from its data."""
    part = next((part for part in answer.contents if isinstance(part, StructuredContent)), None)
    return part is not None and part.error is None and part.parsed is part.data


def validate_output(response: "ChatResponse", content: StructuredContent | None, kind: Any) -> Any:
    adapter = adapter_of(kind, "the output")
    try:
        data = content.data if content is not None else find_json(response.text)
        return adapter.validate_json(json.dumps(data))
    except ValidationError as error:
        raise output_error(
            response, InvalidOutputError, f"the answer does not match the requested type: {describe_errors(error)}"
        ) from error
    except ValueError as error:
        raise output_error(response, InvalidOutputError, f"the answer is not JSON: {error}") from error


def problem_with(response: "ChatResponse") -> OutputError | None:
    """Return the error that explains why there is no object: refused, truncated or invalid."""
    content = next((part for part in response.contents if isinstance(part, StructuredContent)), None)
    if content is not None and content.error is None:
        return None
    refusal = response.refusal()
    if refusal is not None or response.finish_reason in DECLINED:
        return output_error(response, RefusedError, f"the model refused to answer: {refusal or response.finish_reason}")
    if response.finish_reason in CUT or response.interrupted:
        return output_error(
            response, TruncatedError, f"the answer is incomplete ({response.finish_reason or 'interrupted'})"
        )
    if content is not None:
        return output_error(response, InvalidOutputError, f"the answer does not match the schema: {content.error}")
    if not response.text.strip():
        return output_error(response, InvalidOutputError, f"the answer contains no object ({response.finish_reason})")
    return None


def output_error(response: "ChatResponse", kind: type[OutputError], message: str) -> OutputError:
    error = kind(message, provider=response.provider, model=response.model)
    error.response = response
    return error
