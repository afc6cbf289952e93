"""Tool: something a model may call and we can run, made from a function, a model class or a JSON Schema."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, Self

from pydantic import Field, PrivateAttr, TypeAdapter, ValidationError

from ..errors import ConfigurationError
from .docstring import read_docstring
from .json_schema import adapter_of, as_object, schema_of
from .signature import innermost, read_signature
from .tools import CHECKED, ToolDefinition

Bound = Callable[[], Any]
Reader = Callable[[Mapping[str, Any]], Bound]
LEGAL = re.compile(r"[A-Za-z0-9_-]{1,64}")


class InvalidArgumentsError(ValueError):
    """The model called a tool with arguments that it does not take; the words are meant for the model."""


class Tool(ToolDefinition):
    """A tool with the function that runs it; without one, its calls are handed to you.

    With `parallel=False` it never runs beside another one, and in sync code on the caller's own thread. One that
    `needs_approval` is asked about before it runs. `timeout` is the longest it may take, in seconds.
    """

    function: Callable[..., Any] | None = Field(default=None, exclude=True, repr=False)
    parallel: bool = Field(default=True, exclude=True)
    needs_approval: bool = Field(default=False, exclude=True)
    timeout: float | None = Field(default=None, exclude=True, gt=0)
    _reader: Reader | None = PrivateAttr(default=None)

    @classmethod
    def from_function(
        cls, function: Callable[..., Any], *, name: str | None = None, description: str | None = None, **settings: Any
    ) -> Self:
        """Name, description and parameters are read from the signature and the docstring."""
        called = legal_name(name or function_name(function))
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
        """The arguments are one object: a pydantic model, dataclass or TypedDict. `function` is given that object."""
        called = legal_name(name or kind.__name__)
        adapter: TypeAdapter[Any] = adapter_of(kind, f"the tool {called!r}")
        schema = as_object(schema_of(adapter, f"the tool {called!r}"))
        if schema.get("type") != "object":
            raise ConfigurationError(f"the tool {called!r} needs an object for its arguments, and {kind!r} is none")
        about = own_docstring(kind)
        plain = {key: value for key, value in schema.items() if key not in ("title", "description")}

        def read(arguments: Mapping[str, Any]) -> Bound:
            from ..wire import json

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
        """`function` is given the arguments by name, once they satisfy the schema.

        Raises:
            InvalidSchemaError: The schema is not one, or refers to what is not in it.
        """
        from ..schema.definition import check_definition
        from ..schema.validate import Checker, problems

        check_definition(schema, f"the tool {name!r}")
        checker = Checker(schema)

        def read(arguments: Mapping[str, Any]) -> Bound:
            if match := problems(dict(arguments), schema, checker):
                raise InvalidArgumentsError("\n".join(match))
            return functools.partial(function, **arguments) if function else lambda: dict(arguments)

        return cls._made(legal_name(name), description, dict(schema), function, read, settings)

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
        """Whether running it has to be awaited."""
        return self.function is not None and is_awaitable(self.function)

    def bind(self, arguments: Mapping[str, Any]) -> Bound:
        """The function with these arguments, checked and converted; raises InvalidArgumentsError."""
        if self._reader is None:
            return functools.partial(self.function or dict, **arguments)
        try:
            return self._reader(arguments)
        except ValidationError as error:
            raise InvalidArgumentsError(describe_errors(error)) from error


def describe_errors(error: ValidationError) -> str:
    """What is wrong with a value, in lines that a model can act on."""
    return "\n".join(f"{'.'.join(map(str, e['loc'])) or 'the whole'}: {e['msg']}" for e in error.errors())


def is_awaitable(function: Callable[..., Any]) -> bool:
    inner = innermost(function)
    return inspect.iscoroutinefunction(inner) or inspect.iscoroutinefunction(getattr(inner, "__call__", None))  # noqa: B004  # it is the method that is looked at


def documented_object(function: Callable[..., Any]) -> Any:
    """Whose docstring tells about a callable: its own, not that of the class of partials or instances."""
    inner = inspect.unwrap(innermost(function))
    if inspect.isroutine(inner):
        return inner
    return inner if inspect.getdoc(type(inner).__call__) is None else type(inner).__call__


def function_name(function: Callable[..., Any]) -> str:
    inner = innermost(function)
    return str(getattr(inner, "__name__", type(inner).__name__))


def legal_name(name: str) -> str:
    if LEGAL.fullmatch(name):
        return name
    raise ConfigurationError(
        f"a tool cannot be called {name!r}: providers take up to 64 letters, digits, _ and -; pass another name="
    )


def own_docstring(kind: type[Any]) -> str | None:
    """A dataclass without a docstring gets its signature as one, which says nothing."""
    text = kind.__dict__.get("__doc__")
    return None if not text or text.startswith(f"{kind.__name__}(") else inspect.cleandoc(text)
