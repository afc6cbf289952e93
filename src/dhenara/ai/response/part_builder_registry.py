"""Part builders, by the delta that starts them."""

from __future__ import annotations

from collections.abc import Callable

from ..types.delta import (
    CitationDelta,
    ContentDelta,
    MediaDelta,
    PartDelta,
    ReasoningDelta,
    RefusalDelta,
    ServerToolDelta,
    TextDelta,
    ToolCallDelta,
)
from .media_part_builder import MediaPartBuilder
from .part_builders import PartBuilder, TextPartBuilder
from .text_part_builders import ReasoningPartBuilder, RefusalPartBuilder, ReplacingPartBuilder
from .tool_part_builders import ServerToolPartBuilder, ToolCallPartBuilder

PART_BUILDERS: dict[type, Callable[[], PartBuilder]] = {
    ReasoningDelta: ReasoningPartBuilder,
    RefusalDelta: RefusalPartBuilder,
    ToolCallDelta: ToolCallPartBuilder,
    ServerToolDelta: ServerToolPartBuilder,
    MediaDelta: MediaPartBuilder,
    ContentDelta: ReplacingPartBuilder,
}


def new_part_builder(first: PartDelta) -> PartBuilder:
    """Return the builder for a part with this first delta."""
    if isinstance(first, TextDelta | CitationDelta):
        return TextPartBuilder()
    return PART_BUILDERS[type(first)]()
