"""Structured output: the text of an answer parsed and validated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from ..schema.untransform import restore
from ..schema.validate import problems
from ..types.chat.response import ChatResponseChoice
from ..types.chat.structured import INSIDE, StructuredOutput
from ..types.content.parts import Citation, ContentItem, Origin, StructuredContent, TextContent, ToolCallContent
from ..types.tools.tool import describe_errors
from ..wire import json
from ..wire.json import find_json


def parse_structured(choice: ChatResponseChoice, shape: StructuredOutput) -> ChatResponseChoice:
    """Return the choice with its text as structured content; text next to tool calls is not an answer yet."""
    texts = [part for part in choice.contents if isinstance(part, TextContent) and part.text.strip()]
    called = any(isinstance(part, ToolCallContent) for part in choice.contents)
    if called or not texts:
        return choice
    whole = join_texts(texts, shape)
    if whole.error is not None and len(texts) > 1:
        # Some models write a comment before the answer.
        last = join_texts(texts[-1:], shape)
        if last.error is None:
            whole, texts = last, texts[-1:]
    return choice.model_copy(update={"contents": replace_texts(choice.contents, texts, whole)})


def join_texts(texts: Sequence[TextContent], shape: StructuredOutput) -> StructuredContent:
    text = "".join(part.text for part in texts)
    extras = {name: value for part in texts for name, value in part.extras.items()}
    citations = [citation for part in texts for citation in part.citations]
    return read_structured(text, shape, texts[0].origin, extras, citations)


def replace_texts(
    contents: Sequence[ContentItem], texts: Sequence[TextContent], whole: StructuredContent
) -> list[ContentItem]:
    """Put the object in the place of the first of its texts."""
    replaced = {id(part) for part in texts}
    first = next(index for index, part in enumerate(contents) if id(part) in replaced)
    rest = [part for part in contents[first:] if id(part) not in replaced]
    return [*contents[:first], whole, *rest]


def read_structured(
    text: str,
    shape: StructuredOutput,
    origin: Origin | None = None,
    extras: dict[str, Any] | None = None,
    citations: Sequence[Citation] = (),
) -> StructuredContent:
    """Parse and validate the answer; problems are stored in its `error`."""
    data, value, error = read_object(text, shape)
    content = StructuredContent(
        text=text, data=data, error=error, origin=origin, extras=extras or {}, citations=list(citations)
    )
    content._value = value
    return content


def read_object(text: str, shape: StructuredOutput) -> tuple[Any, Any, str | None]:
    """Return the plain data, the object of the requested type, and the problem."""
    try:
        given = find_json(text)
    except ValueError as error:
        return None, None, f"this is not JSON: {error}"
    data = restore(given, shape.output_schema, shape.checker)
    if shape.adapter is None or not is_wrapped(data, shape):
        errors = problems(data, shape.output_schema, shape.checker)
        return unwrap(data, shape), None, "\n".join(errors) or None
    data = unwrap(data, shape)
    try:
        # Validate as JSON: strict types accept dates and similar types only from JSON.
        return data, shape.adapter.validate_json(json.dumps(data)), None
    except ValidationError as error:
        return data, None, describe_errors(error)


def is_wrapped(data: Any, shape: StructuredOutput) -> bool:
    return not shape.wrapped or (isinstance(data, dict) and INSIDE in data)


def unwrap(data: Any, shape: StructuredOutput) -> Any:
    return data[INSIDE] if shape.wrapped and is_wrapped(data, shape) else data
