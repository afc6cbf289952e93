"""Mending: a history in which every call has an id of its own and is answered once, right after it was made."""

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
    """The same history where nothing is amiss; else what every provider accepts, and what was changed for that.

    With `open_end`, calls of the last round may still wait for their results: somebody is about to run them.
    With `stored`, the messages continue a history that the provider has stored, so results of unknown calls stay.
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
