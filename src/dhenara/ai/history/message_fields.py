"""Message fields: what vendors write next to the content of a message, such as `reasoning_content`.

Our messages have no place for them, so they become a part of their own that only their protocol gets back, unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..types.message import Message
from ..types.vendor_fields import MESSAGE_FIELDS, generic

Wire = dict[str, Any]
CHAT = (
    *("reasoning_content", "reasoning", "reasoning_details", "reasoning_text"),
    *("annotations", "audio", "prefix", "partial"),
)
OWNERS = {
    **dict.fromkeys(CHAT, "openai_chat"),
    **dict.fromkeys(("tool_plan", "citations"), "cohere"),
    "thinking": "ollama",
}
"""The protocol that knows a field of an answer."""

NAMES = frozenset(("images", "refusal", *OWNERS))
EMPTY: tuple[Any, ...] = (None, "", [], {}, ())


def read_message_fields(message: Wire) -> list[Any]:
    """Take the fields that our messages have no place for out of a message.

    Args:
        message: The message as a dict; what is read is removed from it. Fields that no vendor has stay in it, and
            are refused.

    Returns:
        The parts that stand for them.
    """
    parts: list[Any] = []
    if isinstance(message.get("images"), list | tuple):
        pictures = message.pop("images")
        parts += [{"type": "image", "data": one} if isinstance(one, str) else one for one in pictures]
    for name in [name for name, value in message.items() if name in NAMES and value in EMPTY]:
        del message[name]
    if message.get("role") in ("assistant", "model"):
        parts += read_answer_fields(message)
    return Message(role="assistant", contents=parts).contents if parts else []


def read_answer_fields(message: Wire) -> list[Wire]:
    parts: list[Wire] = []
    if isinstance(message.get("refusal"), str):
        parts.append({"type": "refusal", "text": message.pop("refusal")})
    by_owner: dict[str, Wire] = {}
    for name in [name for name in message if name in OWNERS]:
        by_owner.setdefault(OWNERS[name], {})[name] = message.pop(name)
    return [*parts, *(generic(MESSAGE_FIELDS, fields, owner) for owner, fields in by_owner.items())]


def answer_only(given: Mapping[str, Any]) -> Wire:
    """A whole answer of Anthropic's without what is about the answer, such as its usage."""
    return {"role": given["role"], "content": given.get("content") or []}
