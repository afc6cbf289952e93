"""Tools made from functions, and lists of tools."""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal, Self

from pydantic import (
    Field,
    PrivateAttr,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from ...errors import ConfigurationError
from ...schema.validate import Checker, problems
from ...schema.validate_schema import check_object_definition
from ...wire import json
from ..content.parts import ToolCallContent
from .json_schema import (
    adapter_of,
    as_object,
    check_function,
    documented_object,
    function_name,
    innermost,
    legal_name,
    read_docstring,
    read_signature,
    schema_of,
)
from .tool_definition import CHECKED, ToolDefinition

Bound = Callable[[], Any]
Reader = Callable[[Mapping[str, Any]], Bound]


class InvalidArgumentsError(ValueError):
    """The model called a tool with invalid arguments; the message is sent to the model."""


class Tool(ToolDefinition):
    """A tool with the function that runs it. Calls of a tool without a function are returned to the caller.

    Attributes:
        function: The function. Default None.
        parallel: With False the tool never runs at the same time as another tool and, in sync code, runs on the calling
            thread. Default True.
        needs_approval: Whether each call must be approved before it runs. Default False.
        timeout: Maximum duration of a call in seconds. Default None: no limit.
        once: Whether a call must never run twice, also if the process ends while it runs. A run with such a tool needs
            a `store`. Default False.
    """

    function: Callable[..., Any] | None = Field(default=None, exclude=True, repr=False)
    parallel: bool = Field(default=True, exclude=True)
    needs_approval: bool = Field(default=False, exclude=True)
    timeout: float | None = Field(default=None, exclude=True, gt=0)
    once: bool = Field(default=False, exclude=True)
    _reader: Reader | None = PrivateAttr(default=None)

    @classmethod
    def from_function(
        cls, function: Callable[..., Any], *, name: str | None = None, description: str | None = None, **settings: Any
    ) -> Self:
        """Create a tool from a function; name, description and parameters are read from its signature and docstring.

        Args:
            function: The function, sync or async.
            name: Name of the tool. Default None: the name of the function.
            description: Description for the model. Default None: from the docstring.
            **settings: Other fields, such as `parallel` or `timeout`.

        Returns:
            The tool.

        Raises:
            ConfigurationError: A parameter has no type annotation, or its type has no JSON Schema.
        """
        check_function(function, "Tool.from_function(get_weather)")
        called = legal_name(function_name(function) if name is None else name)
        data = read_docstring(documented_object(function))
        parameters = read_signature(function, called, data)

        def read(arguments: Mapping[str, Any]) -> Bound:
            positional, named = parameters.read(arguments)
            return functools.partial(function, *positional, **named)

        return cls._made(called, description or data.description, parameters.schema, function, read, settings)

    @classmethod
    def from_type(
        cls,
        kind: type[Any],
        function: Callable[[Any], Any] | None = None,
        *,
        name: str | None = None,
        description: str | None = None,
        **settings: Any,
    ) -> Self:
        """Create a tool whose arguments are one object.

        Args:
            kind: Pydantic model, dataclass or TypedDict of the arguments.
            function: Function that gets the object. Default None.
            name: Name of the tool. Default None: the name of the type.
            description: Description for the model. Default None: the docstring of the type.
            **settings: Other fields, such as `parallel` or `timeout`.

        Returns:
            The tool.

        Raises:
            ConfigurationError: The type is not an object, or has no JSON Schema.
        """
        if not isinstance(kind, type):
            raise ConfigurationError(
                f"a tool is made from a class with fields, not {kind!r:.40}: Tool.from_type(Search)"
            )
        if function is not None:
            check_function(function, "Tool.from_type(Search, run_search)")
        called = legal_name(kind.__name__ if name is None else name)
        adapter: TypeAdapter[Any] = adapter_of(kind, f"the tool {called!r}")
        schema = as_object(schema_of(adapter, f"the tool {called!r}"))
        if schema.get("type") != "object":
            raise ConfigurationError(f"tool {called!r}: the arguments must be an object, not {kind!r}")
        about = own_docstring(kind)
        plain = {key: value for key, value in schema.items() if key not in ("title", "description")}

        def read(arguments: Mapping[str, Any]) -> Bound:
            given = adapter.validate_json(json.dumps(dict(arguments)))
            return functools.partial(function, given) if function else lambda: given

        return cls._made(called, description or about, {"properties": {}, **plain}, function, read, settings)

    @classmethod
    def from_schema(
        cls,
        schema: Mapping[str, Any],
        function: Callable[..., Any] | None = None,
        *,
        name: str,
        description: str | None = None,
        **settings: Any,
    ) -> Self:
        """Create a tool from a JSON Schema.

        Args:
            schema: JSON Schema of the arguments.
            function: Function that gets the arguments by name, after validation. Default None.
            name: Name of the tool.
            description: Description for the model.
            **settings: Other fields, such as `parallel` or `timeout`.

        Returns:
            The tool.

        Raises:
            InvalidSchemaError: The schema is invalid, is not the schema of an object, or has a reference that does not
                resolve.
        """
        legal_name(name)
        if function is not None:
            check_function(function, f"Tool.from_schema(schema, get_weather, name={name!r})")
        check_object_definition(schema, f"the tool {name!r}")
        checker = Checker(schema)

        def read(arguments: Mapping[str, Any]) -> Bound:
            if faults := problems(dict(arguments), schema, checker):
                raise InvalidArgumentsError("\n".join(faults))
            return functools.partial(function, **arguments) if function else lambda: dict(arguments)

        return cls._made(name, description, dict(schema), function, read, settings)

    @classmethod
    def _made(
        cls,
        name: str,
        description: str | None,
        schema: dict[str, Any],
        function: Callable[..., Any] | None,
        reader: Reader,
        settings: Mapping[str, Any],
    ) -> Self:
        fields = {"name": name, "description": description, "parameters": schema, "function": function, **settings}
        made = cls.model_validate(fields, context=CHECKED)
        made._reader = reader
        return made

    @property
    def is_async(self) -> bool:
        """Whether the function is async."""
        return self.function is not None and is_awaitable(self.function)

    @property
    def needs_store(self) -> bool:
        """Whether a run with this tool needs a store."""
        return self.once

    def bind(self, arguments: Mapping[str, Any]) -> Bound:
        """Validate and convert the arguments.

        Args:
            arguments: Arguments of the tool call.

        Returns:
            The function with the arguments bound.

        Raises:
            InvalidArgumentsError: The arguments do not match the schema.
        """
        if self._reader is None:
            return functools.partial(self.function or dict, **arguments)
        try:
            return self._reader(arguments)
        except ValidationError as error:
            raise InvalidArgumentsError(describe_errors(error)) from error

    def bind_call(self, call: ToolCallContent) -> Bound:
        """Validate and convert the arguments of a call.

        Args:
            call: The call.

        Returns:
            The function with the arguments bound.

        Raises:
            InvalidArgumentsError: The arguments do not match the schema.
        """
        return self.bind(call.arguments)

    def must_ask(self, call: ToolCallContent) -> bool:
        """Return whether a call must be approved before it runs.

        Args:
            call: The call.

        Returns:
            Whether it must be approved.
        """
        return self.needs_approval


def text_parameters() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"input": {"type": "string"}},
        "required": ["input"],
        "additionalProperties": False,
    }


class CustomTool(Tool):
    """A tool whose input is text instead of JSON, if wanted in a grammar. `function` gets the text.

    Where a provider does not have such tools, it is sent as a function with one argument, `input`.

    Attributes:
        grammar: Grammar of the text. Default None: any text.
        syntax: Syntax of the grammar: `"lark"` or `"regex"`.
        parameters: JSON Schema of the arguments, where it is sent as a function.
    """

    kind: Literal["custom"] = "custom"
    """Kind of the tool; always this value."""

    grammar: str | None = None
    syntax: Literal["lark", "regex"] = "lark"
    parameters: dict[str, Any] = Field(default_factory=text_parameters)

    @model_validator(mode="before")
    @classmethod
    def _read_format(cls, data: Any) -> Any:
        """Read the grammar from the formats of OpenAI's protocols."""
        if not isinstance(data, Mapping):
            return data
        inside = data.get("custom")
        fields = dict(inside) if isinstance(inside, Mapping) else {k: v for k, v in data.items() if k != "type"}
        shape = fields.pop("format", None)
        if isinstance(shape, Mapping) and shape.get("type") == "grammar":
            rules = shape.get("grammar", shape)
            fields["grammar"], fields["syntax"] = rules["definition"], rules["syntax"]
        return fields

    def bind_call(self, call: ToolCallContent) -> Bound:
        """Read the text of a call.

        Args:
            call: The call.

        Returns:
            The function with the text bound.

        Raises:
            InvalidArgumentsError: The call has no text.
        """
        text = call.text_input if call.text_input is not None else call.arguments.get("input")
        if not isinstance(text, str):
            raise InvalidArgumentsError("input: must be a text")
        return functools.partial(self.function or str, text)


def describe_errors(error: ValidationError) -> str:
    """Describe validation errors so that a model can correct them."""
    return "\n".join(f"{'.'.join(map(str, e['loc'])) or 'the whole'}: {e['msg']}" for e in error.errors())


def is_awaitable(function: Callable[..., Any]) -> bool:
    inner = innermost(function)
    return inspect.iscoroutinefunction(inner) or inspect.iscoroutinefunction(getattr(inner, "__call__", None))  # noqa: B004  # the method


def own_docstring(kind: type[Any]) -> str | None:
    """Return the docstring of the class; None for the signature that dataclasses get as default docstring."""
    text = kind.__dict__.get("__doc__")
    return None if not text or text.startswith(f"{kind.__name__}(") else inspect.cleandoc(text)
