"""Messages: the history in Chat Completions format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ...types.call import Call
from ...types.message import Message
from ...types.vendor_fields import VENDOR_FIELDS
from ..assistant_prefill import is_prefilled
from ..cache_control import BREAKPOINT
from ..warnings import WarningCollector
from .quirks import ChatQuirks

if TYPE_CHECKING:
    from ...types.content import Content

Wire = dict[str, Any]
NOTHING = "."


def write_messages(call: Call, quirks: ChatQuirks, warnings: WarningCollector) -> list[Wire]:
    """Encode the instructions first, then every message."""
    systems = list(call.instructions)
    turns = [message for message in call.messages if message.role != "system" or quirks.many_systems]
    if not quirks.many_systems:
        systems += [message.text for message in call.messages if message.role == "system"]
    written = [write_system("\n\n".join(systems), quirks)] if systems else []
    for message in turns:
        written.extend(write_message(message, call, quirks, warnings))
    if quirks.begun in ("prefix", "partial") and is_prefilled(call):
        written[-1][quirks.begun] = True
    return written if quirks.user_after_tools else list(separate_tool_results(written))


def separate_tool_results(written: list[Wire]) -> Iterator[Wire]:
    """Insert an assistant message wherever a user message follows a tool result."""
    before = None
    for wire in written:
        if before == "tool" and wire["role"] == "user":
            yield {"role": "assistant", "content": NOTHING}
        before = wire["role"]
        yield wire


def write_system(text: str, quirks: ChatQuirks) -> Wire:
    return {"role": quirks.system_role, "content": text}


def write_message(message: Message, call: Call, quirks: ChatQuirks, warnings: WarningCollector) -> Iterator[Wire]:
    match message.role:
        case "system":
            wire = {"role": quirks.system_role, "content": write_content(message.contents, quirks, warnings)}
            yield {**wire, "name": message.name} if message.name else wire
        case "user":
            yield from write_user(message, quirks, warnings)
        case "assistant":
            from .assistant_messages import write_assistant

            yield from write_assistant(message, call, quirks, warnings)
        case "tool":
            from .assistant_messages import write_results

            yield from write_results(message.contents, quirks, warnings)


def write_user(message: Message, quirks: ChatQuirks, warnings: WarningCollector) -> Iterator[Wire]:
    """Encode a user message; its tool results come first."""
    results = [part for part in message.contents if part.type == "tool_result"]
    text = [part for part in message.contents if part.type != "tool_result"]
    if results:
        from .assistant_messages import write_results

        yield from write_results(results, quirks, warnings)
    if text or not results:
        wire: Wire = {"role": "user", "content": write_content(text, quirks, warnings)}
        yield {**wire, "name": message.name} if message.name else wire


def write_content(contents: Sequence[Content], quirks: ChatQuirks, warnings: WarningCollector) -> str | list[Wire]:
    """Encode a single text as a string, everything else as typed parts."""
    if len(contents) <= 1 and all(
        getattr(part, "type", None) == "text" and is_unmarked(part, quirks) for part in contents
    ):
        return "".join(part.get_text() for part in contents)
    from .parts import write_parts

    # An empty list is refused; what could not be sent is in the warnings.
    return write_parts(contents, quirks, warnings) or NOTHING


def is_unmarked(part: Content, quirks: ChatQuirks) -> bool:
    """Whether the part has neither a cache marker that the dialect supports nor vendor fields."""
    if part.extras and (VENDOR_FIELDS in part.extras or BREAKPOINT in part.extras):
        return False
    return (part.cache is None or quirks.cache_mark == "none") and not part.extras.get(quirks.cache_mark)
