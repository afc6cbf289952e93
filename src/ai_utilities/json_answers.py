"""JSON in answers: how it is asked for, found in texts, and asked for again."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from .exceptions import JsonParseError
from .results import AskResult

if TYPE_CHECKING:
    from .value_types import Json

FENCED = re.compile(r"```[\w-]*\s*\n(.*?)```", re.DOTALL)
OPENING = re.compile(r"[{\[]")
ONLY_JSON = "Answer with JSON only: no words around it, no code fence."


def parse_json_from_text(text: str) -> Json:
    """Parses JSON in a text: the whole text, a code fence, or the first object or list in it.

    Args:
        text: The answer of a model.

    Raises:
        JsonParseError: If the text has no valid JSON.
    """
    for candidate in (text, *FENCED.findall(text)):
        try:
            return json.loads(candidate)
        except json.JSONDecodeError:
            continue
    decoder = json.JSONDecoder()
    for start in OPENING.finditer(text):
        try:
            return decoder.raw_decode(text, start.start())[0]
        except json.JSONDecodeError:
            continue
    raise JsonParseError(f"the answer has no valid JSON: {shorten(text)}", text)


def shorten(text: str, most: int = 200) -> str:
    return repr(text if len(text) <= most else text[:most] + "…")


def read_object(result: AskResult) -> Json:
    """The engine's structured output if there is one; else the JSON in the text."""
    parsed = getattr(result.answer, "parsed", None)
    return parse_json_from_text(result.text) if parsed is None else parsed


def json_instructions(schema: Json | None) -> str:
    """Instructions that ask for JSON, for models without a JSON mode."""
    if schema is None:
        return ONLY_JSON
    return f"{ONLY_JSON} It must fit this JSON Schema:\n{json.dumps(schema, ensure_ascii=False)}"


def create_repair_prompt(original_prompt: str, previous_output: str, error_message: str) -> str:
    """The prompt that sends an invalid answer back with the error."""
    return (
        f"{original_prompt}\n\nYour last answer was:\n{previous_output}\n\n"
        f"It cannot be used: {error_message}\n{ONLY_JSON}"
    )
