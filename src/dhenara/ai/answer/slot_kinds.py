"""All kinds of slots beside text, by the delta that opens them."""

from __future__ import annotations

from collections.abc import Callable

from ..types.delta import ContentDelta, MediaDelta, ReasoningDelta, RefusalDelta, ServerToolDelta, ToolCallDelta
from .media_slot import MediaSlot
from .slots import Slot
from .tool_slots import ServerToolSlot, ToolCallSlot
from .word_slots import ReasoningSlot, RefusalSlot, WholeSlot

SLOTS: dict[type, Callable[[], Slot]] = {
    ReasoningDelta: ReasoningSlot,
    RefusalDelta: RefusalSlot,
    ToolCallDelta: ToolCallSlot,
    ServerToolDelta: ServerToolSlot,
    MediaDelta: MediaSlot,
    ContentDelta: WholeSlot,
}
