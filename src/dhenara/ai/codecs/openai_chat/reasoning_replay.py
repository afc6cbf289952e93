"""Reasoning replay: an answer's own reasoning, sent back in the format of the dialect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...types.call import Call
from ...types.content import ContentItem, ReasoningContent
from ..origin import is_own_part
from ..warnings import WarningCollector
from .quirks import PROTOCOL, ChatQuirks

Wire = dict[str, Any]


def replay_reasoning(
    contents: Sequence[ContentItem], wire: Wire, call: Call, quirks: ChatQuirks, warnings: WarningCollector
) -> None:
    """Send reasoning back to its origin, if the dialect expects it."""
    thoughts = [part for part in contents if isinstance(part, ReasoningContent)]
    if not all(is_own_part(part, call, PROTOCOL) for part in thoughts):
        warnings.dropped("the reasoning of another provider", "it belongs to its origin", thoughts)
        thoughts = []
    before = dict(wire)
    text = "".join(part.get_text() for part in thoughts)
    match quirks.reasoning_replay:
        case "tool_turns" if "tool_calls" in wire:
            # The dialect requires the field even for an answer without reasoning.
            wire[quirks.reasoning_replay_field] = text
        case "field" if thoughts:
            wire[quirks.reasoning_replay_field] = text
        case "details":
            details = [detail for part in thoughts for detail in part.extras.get("reasoning_details", ())]
            wire.update({"reasoning_details": details} if details else {})
        case "chunks" if text:
            options = [{"type": "text", "text": wire["content"]}] if wire.get("content") else []
            signed = {"signature": seal} if (seal := thoughts[-1].signature) else {}
            wire["content"] = [{"type": "thinking", "thinking": [{"type": "text", "text": text}], **signed}, *options]
        case "tags" if text:
            thinking = text.strip("\n")
            wire["content"] = f"<think>\n{thinking}\n</think>\n\n{wire.get('content') or ''}"
    if wire == before:
        for part in thoughts:
            warnings.omit_silently(part, "its provider does not accept it")
