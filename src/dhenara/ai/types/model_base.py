"""Base class of the public data types: frozen, strict about field names, lossless as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, LiteralString, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from ..errors import ConfigurationError
from ..wire.text import similar_names
from .display import not_empty, short_repr

DISCREET = ConfigDict(hide_input_in_errors=True)
"""Configuration of models with secrets: validation errors do not show the input."""


OLD_ATTRIBUTES = frozenset(
    {
        "api_provider", "as_text", "beta", "calculate_usage_charge", "choices", "clone", "content_b64_json",
        "content_bytes", "content_format", "content_url", "create_instance", "custom_metadata", "enabled",
        "files", "first", "foundation_model", "function", "function_reference", "get_charge",
        "get_content_as_bytes", "get_cost_data", "get_formatted_text", "get_masked_credentials",
        "get_max_output_token_limit", "get_max_output_tokens", "get_options_with_defaults",
        "get_provider_credentials", "get_reasoning_token_budget", "get_settings", "get_thinking_summary_delta",
        "get_user", "get_valid_options", "get_visible_fields", "hosted_tool_usage", "index",
        "is_foundation_model", "max_output_tokens_reasoning_mode", "message_contents", "message_id", "metadata",
        "model_dump_safe", "model_name_with_version_suffix", "number_of_images", "order", "preview_dict",
        "provider_response", "reference_number", "role", "set_random_id", "status", "storage_metadata",
        "structured_output", "structured_pyd", "structured_unprocessed", "supported_reasoning_efforts",
        "thinking_id", "thinking_signature", "thinking_status", "thinking_summary", "thinking_summary_delta",
        "thinking_text", "thinking_text_delta", "to_message_item", "to_prompt", "tool_call", "tools", "type",
        "usage_charge", "validate_content", "validate_options", "variables",
    }
)  # fmt: skip
"""Attributes of version 1 that some class had; `dhenara.ai.compat.attributes` knows which."""


class FrozenModel(BaseModel):
    """Frozen pydantic model that rejects unknown fields."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        ser_json_bytes="base64",
        val_json_bytes="base64",
        ser_json_inf_nan="strings",
        protected_namespaces=(),
        use_enum_values=False,
        defer_build=True,
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
            return super().__getattr__(name)


def read_old_fields(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of this version for fields that the class had in version 1."""
    fields: dict[str, Any] = import_module("dhenara.ai.compat.fields").READERS[kind](given)
    return fields


def model_fields(given: object) -> dict[str, Any] | None:
    """The fields of an object of a vendor's SDK, as its API writes them; None for anything else."""
    if not isinstance(given, BaseModel) or isinstance(given, FrozenModel):
        return None
    return given.model_dump(by_alias=True, exclude_unset=True)


class InvalidValueError(ConfigurationError, ValidationError):
    """A value is invalid or a field is unknown. Also a `pydantic.ValidationError`; `str()` is one plain sentence."""

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
        """Make it for one field of a class with this title."""
        return cls.from_exception_data(title, [problem_details("value_error", (field,), message)])

    def __str__(self) -> str:
        return "; ".join(problem["msg"] for problem in self.errors(include_url=False, include_input=False))

    def __reduce__(self) -> tuple[Any, ...]:
        details = [(problem["type"], problem["loc"], problem["msg"]) for problem in self.errors()]
        return revive_invalid_value, (type(self), self.title, details)


def describe_problem(problem: Any, fields: tuple[str, ...]) -> InitErrorDetails:
    """One problem in a sentence. What validators of this library raised is a sentence already."""
    cause, where = problem.get("ctx", {}).get("error"), ".".join(map(str, problem["loc"]))
    message = f"{where}: {problem['msg']}" if where else problem["msg"]
    if isinstance(cause, ConfigurationError):
        message = str(cause)
    elif problem["type"] == "extra_forbidden":
        similar = similar_names(where, fields)
        message = f"unknown field {where!r}" + (f"; did you mean {similar[0]!r}?" if similar else "")
    return problem_details(problem["type"], problem["loc"], message)


def problem_details(kind: LiteralString, loc: tuple[int | str, ...], message: str) -> InitErrorDetails:
    error = PydanticCustomError(kind, "{message}", {"message": message})
    return InitErrorDetails(type=error, loc=loc, input=None)


def revive_invalid_value(
    kind: type[InvalidValueError], title: str, details: list[tuple[LiteralString, tuple[int | str, ...], str]]
) -> InvalidValueError:
    return kind.from_exception_data(title, [problem_details(*one) for one in details])
