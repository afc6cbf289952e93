"""Repairs a history so that every tool call has a unique id and exactly one result right after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..types.message import Message

if TYPE_CHECKING:
    from ..types.warning import CallWarning

TOOLS = ("tool_call", "tool_result")


def repair_history(
    messages: Sequence[Message], *, open_end: bool = False, stored: bool = False
) -> tuple[tuple[Message, ...], tuple[CallWarning, ...]]:
    """Return the history in a form that every provider accepts, with warnings about changes.

    Args:
        messages: The history; returned unchanged if it is valid.
        open_end: Calls of the last message may lack results, because the caller is about to run them.
        stored: The history continues one stored at the provider, so results of unknown calls are kept.
    """
    if not any(part.type in TOOLS for message in messages for part in message.contents):
        return tuple(messages), ()
    from .tool_call_repair import ToolCallRepair, claimed_ids

    repair = ToolCallRepair(stored=stored)
    for at, message in enumerate(messages):
        if message.role == "assistant":
            repair.claimed = claimed_ids(messages, at + 1)
        repair.add_message(message)
    repair.close(last=True, open_end=open_end)
    return tuple(repair.done), tuple(repair.warnings)
