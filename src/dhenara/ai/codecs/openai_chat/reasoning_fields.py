"""Reasoning fields of messages under the names of the dialects: text, object or list."""

from __future__ import annotations

from typing import Any

WORDS = ("text", "content", "thinking", "summary", "reasoning")


def find_reasoning(message: dict[str, Any], names: tuple[str, ...]) -> str:
    """Return the first field that is not empty; providers repeat the same text in two of them."""
    for name in names:
        data = message.get(name)
        if data and (thought := data if isinstance(data, str) else reasoning_text(data)):
            return thought
    return ""


def reasoning_text(data: Any) -> str:
    """Return the text of a reasoning value."""
    if isinstance(data, str):
        return data
    if isinstance(data, list):
        return "".join(reasoning_text(one) for one in data)
    if isinstance(data, dict):
        return next((match for name in WORDS if (match := reasoning_text(data.get(name)))), "")
    return ""
