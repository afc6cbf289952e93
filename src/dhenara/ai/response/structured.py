"""Structured output: the text of an answer parsed, restored to the schema of the user, and validated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from ..schema.validate import Checker, TooComplex, problems, tuple_items
from ..types.chat.response import ChatResponseChoice
from ..types.chat.structured import INSIDE, StructuredOutput
from ..types.content.parts import Citation, ContentItem, Origin, StructuredContent, TextContent, ToolCallContent
from ..types.tools.tool import describe_errors
from ..wire import json
from ..wire.json import find_json

MOST_STEPS = 200_000


def restore(value: Any, schema: Any, checker: Checker | None = None) -> Any:
    """Return the value as the original schema wants it; values that already satisfy it are not changed.

    Args:
        value: A JSON value that follows the rewritten schema.
        schema: The original schema.
        checker: Checker of this schema, if there is one already.

    Returns:
        The value without nulls for missing properties. A value that is too complex is returned unchanged.
    """
    checker = checker or Checker(schema)
    checker.restart()
    try:
        return SchemaRestorer(checker).restore(value, schema)
    except (TooComplex, RecursionError):
        return value


class SchemaRestorer:
    """Restores one value. Results for its parts are cached, because alternatives examine parts again."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker
        self._restored: dict[tuple[int, int], tuple[Any, Any]] = {}
        self._fitting: dict[tuple[int, int], tuple[Any, bool]] = {}

    def restore(self, value: Any, schema: Any) -> Any:
        if not isinstance(schema, Mapping) or not isinstance(value, dict | list):
            return value
        key = id(value), id(schema)
        # The value is held with the result, so that its id is not given to another one.
        known = self._restored.get(key)
        if known is None:
            if len(self._restored) > MOST_STEPS:
                raise TooComplex
            known = self._restored[key] = value, self._restore(value, schema)
        return known[1]

    def _restore(self, value: Any, schema: Mapping[str, Any]) -> Any:
        if isinstance(schema.get("$ref"), str):
            value = self.restore(value, self._checker.resolve(schema["$ref"]))
        for part in schema.get("allOf", ()):
            value = self.restore(value, part)
        for word in ("anyOf", "oneOf"):
            if word in schema:
                value = self._chosen(value, schema[word])
        if isinstance(value, list):
            first, rest = tuple_items(schema)
            return [self.restore(one, first[index] if index < len(first) else rest) for index, one in enumerate(value)]
        return {
            name: self._property(name, inner, schema)
            for name, inner in value.items()
            if self._stays(name, inner, schema)
        }

    def _chosen(self, value: Any, alternatives: list[Any]) -> Any:
        """Restore by the first alternative that the restored value satisfies."""
        for one in alternatives:
            restored = self.restore(value, one)
            if self._fits(restored, one):
                return restored
        return value

    def _fits(self, value: Any, schema: Any) -> bool:
        if not isinstance(value, dict | list):
            return self._checker.fits(value, schema)
        key = id(value), id(schema)
        known = self._fitting.get(key)
        if known is None:
            known = self._fitting[key] = value, self._checker.fits(value, schema)
        return known[1]

    def _property(self, name: str, value: Any, schema: Mapping[str, Any]) -> Any:
        known = schema.get("properties", {})
        return self.restore(value, known.get(name, schema.get("additionalProperties", True)))

    def _stays(self, name: str, value: Any, schema: Mapping[str, Any]) -> bool:
        known = schema.get("properties", {})
        required = schema.get("required", ())
        if value is not None or name not in known or not isinstance(required, list | tuple) or name in required:
            return True
        return self._fits(None, known[name])


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
