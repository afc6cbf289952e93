"""Base class of the public data types: frozen, strict about field names, lossless as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, LiteralString, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError, SchemaValidator, core_schema

from ..errors import ConfigurationError
from ..lazy_package import raise_missing
from ..wire.text import similar_names
from .display import DEPRECATED, OLD_ATTRIBUTES, not_empty, short_repr

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)

DISCREET = ConfigDict(hide_input_in_errors=True)
"""Configuration of models with secrets: validation errors do not show the input."""


class CheckedType(ModelMetaclass):
    """Type of the models, whose errors are those of this library.

    Only what a program builds itself passes through the call of its type. A constructor of the models would also be
    called by pydantic for each value inside another one, such as the parts of an answer.
    """

    if not TYPE_CHECKING:  # type checkers see the constructors that pydantic makes from the fields

        def __call__(cls, *args: Any, **fields: Any) -> Any:
            if args and cls.__init__ is BaseModel.__init__:
                raise ConfigurationError(describe_positional(cls))
            try:
                return super().__call__(*args, **fields)
            except ValidationError as error:
                args, fields = (), {}  # a traceback shows the values of this frame, and a key may be among them
                raise InvalidValueError.keeping(error, cls) from None


def describe_positional(kind: type[BaseModel]) -> str:
    """The message for a value without the name of its field: a field of the class, and a method that takes a value."""
    fields = kind.model_fields
    own = [name for name in kind.__annotations__ if name in fields and name not in ("kind", "type")] or list(fields)
    first = "text" if "contents" in fields else next((name for name in own if fields[name].is_required()), own[0])
    other = next((f", or {kind.__name__}.{name}(...)" for name in VALUE_METHODS if hasattr(kind, name)), "")
    return f"{kind.__name__} takes its fields by name: write {kind.__name__}({first}=...){other}"


VALUE_METHODS = ("from_path", "from_function", "of")  # class methods that make an object of one value


class CheckedModel(BaseModel, metaclass=CheckedType):
    """Pydantic model with the errors of this library. Its schema is built when a value is first validated."""

    model_config = ConfigDict(defer_build=True)

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """Like pydantic's, with the errors of this library."""
        try:
            return super().model_validate(obj, **options)
        except ValidationError as error:
            raise InvalidValueError.keeping(error, cls) from None

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """Like pydantic's, with the errors of this library."""
        try:
            return super().model_validate_json(json_data, **options)
        except ValidationError as error:
            raise InvalidValueError.keeping(error, cls) from None


class FrozenModel(CheckedModel):
    """Frozen pydantic model that rejects unknown fields.

    Raises:
        InvalidValueError: If a field is missing, unknown or invalid.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        ser_json_bytes="base64",
        val_json_bytes="base64",
        ser_json_inf_nan="strings",
        protected_namespaces=(),
        use_enum_values=False,
    )

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Fields that differ from their default, and are not empty."""
        fields = type(self).model_fields
        for name, value in not_empty(super().__repr_args__()):
            field = fields.get(name or "")
            if field is None or field.default_factory is not None or value != field.default:
                yield name, value

    def __repr__(self) -> str:
        return short_repr(type(self).__name__, self.__repr_args__())

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in DEPRECATED]

    def __rich_repr__(self) -> Iterator[Any]:
        for name, value in not_empty(self.__repr_args__()):
            yield value if name is None else (name, value)

    def _repr_markdown_(self) -> str:
        return f"`{self!r}`"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Return an attribute that the class had in version 1; called only for names that it does not have now."""
            if name in OLD_ATTRIBUTES:
                return import_module("dhenara.ai.compat.attributes").old_attribute(self, name)
            return super().__getattr__(name) if name.startswith("_") else raise_missing(self, name)


M = TypeVar("M", bound=BaseModel)


class ModelTemplate(Generic[M]):
    """Makes objects of one model, which has no private attributes, from values that need no validation: pydantic's core
    sets what its validator of fields would return, the fields and the names of those that were given (decision 40).
    `build` does the same with all of them: `build((fields, None, names))`.
    """

    __slots__ = ("_defaults", "_factories", "_names", "_set", "build")

    def __init__(self, kind: type[M]) -> None:
        if kind.__pydantic_complete__:  # pydantic would use the validator of the class
            raise TypeError(f"make the template of {kind.__name__} right after the class, before it validates a value")
        fields = kind.model_fields
        self._names, self._set = tuple(fields), frozenset(fields)
        self._defaults = {name: field.default for name, field in fields.items()}
        made = {name: require_field if field.is_required() else field.default_factory for name, field in fields.items()}
        self._factories: list[tuple[str, Any]] = [(name, factory) for name, factory in made.items() if factory]
        schema = core_schema.model_schema(kind, core_schema.any_schema())
        self.build: Callable[[tuple[dict[str, Any], None, set[str]]], M] = SchemaValidator(schema).validate_python

    def make(self, given: dict[str, Any]) -> M:
        """Return an object with these values, in a dict that it may keep; the others have defaults and are not set."""
        if tuple(given) == self._names:
            return self.build((given, None, set(self._set)))
        values = {**self._defaults, **given}
        if len(values) != len(self._names):
            raise TypeError(f"{', '.join(given.keys() - self._set)}: not a field")
        for name, factory in self._factories:
            if name not in given:
                values[name] = factory()
        return self.build((values, None, set(given)))


def require_field() -> Any:
    raise TypeError("a required field was not given")


def read_old_fields(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of this version for fields that the class had in version 1."""
    fields: dict[str, Any] = import_module("dhenara.ai.compat.stand_ins").READERS[kind](given)
    return fields


def model_fields(given: object) -> dict[str, Any] | None:
    """The fields of an object of a vendor's SDK, as its API writes them; None for anything else."""
    if not isinstance(given, BaseModel) or isinstance(given, FrozenModel):
        return None
    return given.model_dump(by_alias=True, exclude_unset=True)


class InvalidValueError(ConfigurationError, ValidationError):
    """A value is invalid or a field is unknown. Also a `pydantic.ValidationError`; `str()` is one plain sentence."""

    text: str | None = None
    """The sentence, if it is not made from the details."""

    @classmethod
    def of(cls, error: ValidationError, fields: Iterable[str] = ()) -> Self:
        """Make it from an error of pydantic.

        Args:
            error: The error. Its inputs are left out, because they may be secret.
            fields: Names of the fields, to suggest the one that an unknown name probably means.
        """
        known = tuple(fields)
        return cls.from_exception_data(error.title, [describe_problem(one, known) for one in error.errors()])

    @classmethod
    def because(cls, title: str, message: str, field: str) -> Self:
        """Make it for one field of a class with this title.

        Args:
            title: Name of the class.
            message: What is wrong, as one sentence.
            field: Name of the field.
        """
        return cls.from_exception_data(title, [problem_details("value_error", (field,), message)])

    @classmethod
    def keeping(cls, error: ValidationError, kind: type[BaseModel]) -> Self:
        """Make it from an error of pydantic, and keep its details: types, contexts, and inputs unless they are hidden.

        Args:
            error: The error.
            kind: The class that was to be built.
        """
        if isinstance(error, cls):
            return error
        sentences = "; ".join(problem_sentence(one, tuple(kind.model_fields)) for one in error.errors())
        hidden = bool(kind.model_config.get("hide_input_in_errors"))
        return cls.with_text(f"{error.title}: {sentences}", error, hidden=hidden)

    @classmethod
    def with_text(cls, text: str, error: ValidationError, *, hidden: bool = True) -> Self:
        """Make it from an error of pydantic, with a text of its own.

        Args:
            text: The text.
            error: The error, whose details are preserved.
            hidden: Whether inputs are left out.
        """
        details = error.errors(include_url=False, include_input=not hidden)
        try:
            made = cls.from_exception_data(error.title, [copy_details(one) for one in details])
        except (KeyError, TypeError, ValueError):  # a kind of problem that a validator made up
            plain = [problem_details("invalid_value", one["loc"], one["msg"]) for one in details]
            made = cls.from_exception_data(error.title, plain)
        made.text = text
        return made

    def __str__(self) -> str:
        problems = self.errors(include_url=False, include_input=False)
        return "; ".join(problem["msg"] for problem in problems) if self.text is None else self.text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        details = [(problem["type"], problem["loc"], problem["msg"]) for problem in self.errors()]
        return revive_invalid_value, (type(self), self.title, details, self.text)


def describe_problem(problem: Any, fields: tuple[str, ...]) -> InitErrorDetails:
    """The details of one problem with its sentence as the message, without the input."""
    return problem_details(problem["type"], problem["loc"], problem_sentence(problem, fields))


EXPECTED = {
    "missing": "is required",
    "string_type": "must be text",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "dict_type": "must be names with values, such as {{'team': 'search'}}",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "bytes_type": "must be bytes",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
}
"""Plain messages, by pydantic's type of the error."""


def expected_value(problem: Any) -> str:
    """What a value must be, for the reader of an error message: pydantic's message in plain words."""
    text = EXPECTED.get(problem["type"])
    if text is None:
        return str(problem["msg"]).removeprefix("Value error, ")
    limits = {n: int(v) if isinstance(v, float) and v.is_integer() else v for n, v in problem.get("ctx", {}).items()}
    return text.format_map(limits)


FIELD_HINTS: Mapping[str, str] = {
    **dict.fromkeys(("steps", "turns", "max_steps", "max_turns", "max_rounds", "max_iterations"), "rounds"),
    **dict.fromkeys(("max_calls", "max_tool_calls", "tool_calls"), "calls"),
    **dict.fromkeys(("read", "read_timeout"), "idle"),
    **dict.fromkeys(("max_results", "max_searches"), "max_uses"),
    "max_cost": "cost",
    "max_tokens": "tokens",
}
"""Names of fields that other libraries have, and our name where a class has it."""


def problem_sentence(problem: Any, fields: tuple[str, ...]) -> str:
    """One problem in a sentence. What validators of this library raised is a sentence already."""
    cause, where = problem.get("ctx", {}).get("error"), ".".join(map(str, problem["loc"]))
    text = expected_value(problem)
    message = f"{where}: {text}" if where else text
    if isinstance(cause, ConfigurationError):
        message = str(cause)
    elif problem["type"] == "extra_forbidden":
        similar = similar_names(where, fields) or [one for one in (FIELD_HINTS.get(where),) if one in fields]
        message = f"unknown field {where!r}" + (f"; did you mean {similar[0]!r}?" if similar else "")
    return message


def copy_details(problem: Any) -> InitErrorDetails:
    """The details of one problem as they were, for an error of another class."""
    copied = InitErrorDetails(type=problem["type"], loc=problem["loc"], input=problem.get("input"))
    if "ctx" in problem:
        copied["ctx"] = problem["ctx"]
    return copied


def problem_details(kind: LiteralString, loc: tuple[int | str, ...], message: str) -> InitErrorDetails:
    return InitErrorDetails(type=PydanticCustomError(kind, "{message}", {"message": message}), loc=loc, input=None)


def revive_invalid_value(
    kind: type[InvalidValueError],
    title: str,
    details: list[tuple[LiteralString, tuple[int | str, ...], str]],
    text: str | None = None,
) -> InvalidValueError:
    revived = kind.from_exception_data(title, [problem_details(*one) for one in details])
    revived.text = text
    return revived


def require_type(owner: str, name: str, value: object, kinds: type | tuple[type, ...], what: str) -> None:
    """Raise if an argument of a class without fields of pydantic has a value of another type.

    Args:
        owner: The class.
        name: The argument.
        value: Its value.
        kinds: The types that it takes; True and False are no numbers.
        what: What it takes, in words.

    Raises:
        ConfigurationError: The message names the argument and what it takes.
    """
    if not isinstance(value, kinds) or (isinstance(value, bool) and kinds in (int, (int, float))):
        raise ConfigurationError(f"{owner}({name}=...) takes {what}, not {type(value).__name__}.")
