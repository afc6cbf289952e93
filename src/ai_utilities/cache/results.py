"""Stored results of operations other than chat, with the name of their type."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from dhenara.ai import Stream, types
from dhenara.ai.types import Call, ChatResponse
from dhenara.ai.types.result import Result

from .entry import CacheLookup, is_cacheable, read_entry, write_entry, zero_cost
from .key import VERSION

KINDS = (
    "ImageResponse",
    "ModerationResponse",
    "OcrResponse",
    "RerankResponse",
    "SpeechResponse",
    "TokenCountResponse",
    "TranscriptionResponse",
)
Answer = ChatResponse | Result


def write_cached(call: Call, stream: Stream, lookup: CacheLookup) -> str | None:
    """The stored form of a finished answer; None if it is not worth storing."""
    if not stream.complete:
        return None
    answer, result = stream.partial(), stream.result()
    if result is not None:
        return None if answer.cached else write_result(lookup.without_warnings(result))
    worth = is_cacheable(answer) and (call.operation == "chat" or bool(answer.images()))
    return write_entry(lookup.without_warnings(answer)) if worth else None


def read_cached(call: Call, text: str) -> Answer | None:
    """The stored answer."""
    if call.operation == "chat":
        return read_entry(text)
    try:
        data = from_json(text)
    except ValueError:
        return None
    if not isinstance(data, dict):
        return None
    return read_result(data) if "kind" in data else read_entry(text)


def write_result(result: Result) -> str | None:
    kind = type(result).__name__
    if kind not in KINDS:
        return None
    return f'{{"format":{VERSION},"kind":{json.dumps(kind)},"answer":{result.model_dump_json()}}}'


def read_result(data: dict[str, Any]) -> Result | None:
    kind = data["kind"]
    if kind not in KINDS or data.get("format") != VERSION:
        return None
    model: type[Result] = getattr(types, kind)
    try:
        stored = model.model_validate_json(to_json(data.get("answer")))
    except ValidationError:
        return None
    return stored.model_copy(update={"cost": zero_cost(stored.cost)})
