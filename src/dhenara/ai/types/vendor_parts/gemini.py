"""Content parts in the format of Gemini: one key instead of a type, in camelCase or snake_case."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from .common import fields, generic, leftover, media, with_fields

Wire = dict[str, Any]
GEMINI = "gemini"
FREE = ("args", "response", "partMetadata")
"""Fields that contain keys of the user, which are not converted."""

UNDERSCORE = re.compile(r"_([a-z0-9])")
INLINE = fields(inlineData=fields("mimeType", "data"))
STORED = fields(fileData=fields("mimeType", "fileUri"))
CALL = fields(functionCall=fields("id", "name", "args"))
RESPONSE = fields(functionResponse=fields("id", "name", "response"))
OWN_PARTS = ("executableCode", "codeExecutionResult", "toolCall", "toolResponse", "audioTranscription")
"""Parts that have no counterpart in other formats."""


def read_gemini(given: Mapping[str, Any]) -> Wire | None:
    """Read a part; None if it is not in the format of Gemini."""
    part = camel_case(given)
    if isinstance(inline := part.get("inlineData"), Mapping):
        return with_fields(media(inline.get("mimeType"), data=inline.get("data")), leftover(part, INLINE), GEMINI)
    if isinstance(stored := part.get("fileData"), Mapping):
        content = media(stored.get("mimeType"), stored.get("fileUri"))
        return with_fields(content, leftover(part, STORED), GEMINI)
    if isinstance(call := part.get("functionCall"), Mapping):
        text = {"type": "tool_call", "id": call.get("id") or "", "name": call.get("name") or ""}
        return with_fields({**text, "arguments": call.get("args") or {}}, leftover(part, CALL), GEMINI)
    if isinstance(result := part.get("functionResponse"), Mapping):
        text = {"type": "tool_result", "call_id": result.get("id") or "", "name": result.get("name")}
        return with_fields({**text, "output": result.get("response") or {}}, leftover(part, RESPONSE), GEMINI)
    own = next((name for name in OWN_PARTS if name in part), None)
    if own is not None:
        return generic(own, part, GEMINI)
    if part.get("thought"):
        return generic("thought", part, GEMINI)
    if isinstance(part.get("text"), str):
        known = fields("text", "thought", "cache", "origin", "extras", "citations")
        return with_fields({"type": "text", **plain(part)}, leftover(part, known), GEMINI)
    return None


def plain(part: Mapping[str, Any]) -> Wire:
    """Return the fields that our own text parts have."""
    return {name: part[name] for name in ("text", "cache", "origin", "extras", "citations") if name in part}


def camel_case(given: Any) -> Any:
    """Return a copy with keys in camelCase, except for keys of the user."""
    if isinstance(given, list | tuple):
        return [camel_case(one) for one in given]
    if isinstance(given, bytes | bytearray | memoryview):
        return b64encode(bytes(given)).decode()
    if not isinstance(given, Mapping):
        return given
    renamed = ((UNDERSCORE.sub(lambda match: match[1].upper(), str(name)), value) for name, value in given.items())
    return {name: value if name in FREE else camel_case(value) for name, value in renamed}
