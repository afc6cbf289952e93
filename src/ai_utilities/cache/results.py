"""What is kept of operations beside chat: their results, each with the name of its kind."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from dhenara.ai import Stream, types
from dhenara.ai.types import Call, ChatResponse
from dhenara.ai.types.result import Result

from .entry import Wanted, free, keepable, read_entry, write_entry
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


def write_kept(call: Call, stream: Stream, wanted: Wanted) -> str | None:
    """What is kept of an answer that is over; None where it is not worth it."""
    if not stream.complete:
        return None
    answer, result = stream.partial(), stream.result()
    if result is not None:
        return None if answer.cached else write_result(wanted.unwarned(result))
    worth = keepable(answer) and (call.operation == "chat" or bool(answer.images()))
    return write_entry(wanted.unwarned(answer)) if worth else None


def read_kept(call: Call, text: str) -> Answer | None:
    """The answer as it is given again."""
    if call.operation == "chat":
        return read_entry(text)
    try:
        told = from_json(text)
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    return read_result(told) if "kind" in told else read_entry(text)


def write_result(result: Result) -> str | None:
    kind = type(result).__name__
    if kind not in KINDS:
        return None
    return f'{{"format":{VERSION},"kind":{json.dumps(kind)},"answer":{result.model_dump_json()}}}'


def read_result(told: dict[str, Any]) -> Result | None:
    kind = told["kind"]
    if kind not in KINDS or told.get("format") != VERSION:
        return None
    model: type[Result] = getattr(types, kind)
    try:
        kept = model.model_validate_json(to_json(told.get("answer")))
    except ValidationError:
        return None
    return kept.model_copy(update={"cost": free(kept.cost)})
