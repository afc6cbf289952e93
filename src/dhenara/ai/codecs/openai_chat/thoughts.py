"""Thinking in a message: under the names that dialects have for it, as text, as an object or as a list."""

from __future__ import annotations

from typing import Any

WORDS = ("text", "content", "thinking", "summary", "reasoning")


def thought_in(message: dict[str, Any], names: tuple[str, ...]) -> str:
    """The first of these fields that says something; hosts repeat the same words under two of them."""
    for name in names:
        told = message.get(name)
        if told and (thought := told if isinstance(told, str) else spelled(told)):
            return thought
    return ""


def spelled(told: Any) -> str:
    """The words in whatever shape they came."""
    if isinstance(told, str):
        return told
    if isinstance(told, list):
        return "".join(spelled(one) for one in told)
    if isinstance(told, dict):
        return next((found for name in WORDS if (found := spelled(told.get(name)))), "")
    return ""
