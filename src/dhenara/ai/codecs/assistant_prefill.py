"""Prefilled answers: histories that end with an assistant message, and providers that cannot continue one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..dataclass import replace
from ..types.message import Message
from ..types.text import TextContent

if TYPE_CHECKING:
    from ..types.call import Call
    from .warnings import WarningCollector

GO_ON = "Go on exactly where your last answer ends, without saying any of it again."


def is_prefilled(call: Call) -> bool:
    """Whether the last message is an assistant message that the model should continue (not one with pending tool
    calls).
    """
    if not call.messages or call.messages[-1].role != "assistant":
        return False
    return not any(part.type in ("tool_call", "server_tool") for part in call.messages[-1].contents)


def strip_trailing_space(call: Call) -> Call:
    """Remove white space at the end of the prefilled answer, because some providers reject it."""
    last = call.messages[-1].contents[-1:] if is_prefilled(call) else ()
    if not last or not isinstance(last[0], TextContent) or last[0].text == last[0].text.rstrip():
        return call
    *before, message = call.messages
    contents = [*message.contents[:-1], last[0].model_copy(update={"text": last[0].text.rstrip()})]
    return replace(call, messages=(*before, message.model_copy(update={"contents": contents})))


def as_continue_request(call: Call, warnings: WarningCollector) -> Call:
    """Replace the prefill by a user message that asks the model to continue."""
    warnings.translated("messages", "prefilled answers are not supported; a user message asks to continue instead")
    wish = Message(role="user", contents=[TextContent(text=GO_ON)])
    return replace(call, messages=(*call.messages, wish))
