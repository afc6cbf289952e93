"""Finds tool calls in a history that have no result."""

from __future__ import annotations

from collections.abc import Sequence

from ..types.content import ToolCallContent, ToolResultContent
from ..types.message import Message


def find_unanswered_calls(messages: Sequence[Message]) -> list[ToolCallContent]:
    """Return the tool calls of the last assistant message that have no result after it."""
    last = next((index for index in reversed(range(len(messages))) if messages[index].role == "assistant"), None)
    if last is None or any(message.role != "tool" for message in messages[last + 1 :]):
        return []
    results = {
        part.call_id
        for message in messages[last + 1 :]
        for part in message.contents
        if isinstance(part, ToolResultContent)
    }
    return [part for part in messages[last].contents if isinstance(part, ToolCallContent) and part.id not in results]
