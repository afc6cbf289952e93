"""Part builders other than text, by the delta that starts them."""

from __future__ import annotations

from collections.abc import Callable

from ..types.delta import ContentDelta, MediaDelta, ReasoningDelta, RefusalDelta, ServerToolDelta, ToolCallDelta
from .media_part_builder import MediaPartBuilder
from .part_builders import PartBuilder
from .text_part_builders import ReasoningPartBuilder, RefusalPartBuilder, ReplacingPartBuilder
from .tool_part_builders import ServerToolPartBuilder, ToolCallPartBuilder

SLOTS: dict[type, Callable[[], PartBuilder]] = {
    ReasoningDelta: ReasoningPartBuilder,
    RefusalDelta: RefusalPartBuilder,
    ToolCallDelta: ToolCallPartBuilder,
    ServerToolDelta: ServerToolPartBuilder,
    MediaDelta: MediaPartBuilder,
    ContentDelta: ReplacingPartBuilder,
}
