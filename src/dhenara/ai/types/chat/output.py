"""The object of a structured output, or the error that says why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ...errors import InvalidOutputError, OutputError, RefusedError, TruncatedError
from ...wire import json
from ...wire.json import find_json
from ..content.parts import StructuredContent
from ..tools.json_schema import adapter_of
from ..tools.tool import describe_errors

if TYPE_CHECKING:
    from .response import ChatResponse

CUT = ("length", "context_length")
DECLINED = ("refusal", "content_filter")


def read_output(response: ChatResponse, kind: Any = None) -> Any:
    """Return the parsed object, validated as `kind` if given."""
    if problem := problem_with(response):
        raise problem
    content = next((part for part in response.contents if isinstance(part, StructuredContent)), None)
    data = content.parsed if content is not None else None
    if kind is None or (isinstance(kind, type) and content is not None and type(data) is kind):
        return data
    return validate_output(response, content, kind)


def validate_output(response: ChatResponse, content: StructuredContent | None, kind: Any) -> Any:
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


def problem_with(response: ChatResponse) -> OutputError | None:
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


def output_error(response: ChatResponse, kind: type[OutputError], message: str) -> OutputError:
    error = kind(message, provider=response.provider, model=response.model)
    error.response = response
    return error
