"""The history: whatever the user gives as prompt, context and messages, as one sequence of messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ..errors import ConfigurationError
from ..types.call_response import AIModelCallResponse
from ..types.message import Message, Prompt, as_sequence
from ..types.part import Content
from ..types.response import ChatResponse, ChatResponseChoice
from ..types.text import TextContent
from ..types.vendor_fields import VENDOR_FIELDS, fields, leftover
from ..wire import json

if TYPE_CHECKING:
    from ..types.content import ToolCallContent

Part = str | bytes | PurePath | Content
MessageLike = (
    Part | Sequence[Part] | Mapping[str, Any] | Message | ChatResponse | ChatResponseChoice | AIModelCallResponse
)
"""Everything that can stand in a conversation; parts, alone or together, are something that the user says."""


def read_history(
    prompt: MessageLike | None,
    context: Sequence[MessageLike] | None,
    messages: Sequence[MessageLike] | None,
) -> tuple[Message, ...]:
    """Messages first, then the context, then the prompt. Tool results that follow each other are one turn."""
    given = [*as_sequence(messages), *as_sequence(context)]
    if prompt is not None:
        given.append(prompt)
    if not given:
        raise ConfigurationError("there is nothing to say: pass a prompt, a context or messages")
    return tuple(gathered(given))


def read_message(given: MessageLike) -> Message:
    """One message, from any spelling of it."""
    try:
        return spelled(given)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:3])
        raise unreadable(given, problems) from error
    except (TypeError, KeyError, AttributeError) as error:
        # Spellings of vendors are read part by part; what is in them may be of any kind.
        raise unreadable(given, str(error)) from error


def unreadable(given: object, problem: str) -> ConfigurationError:
    kind = f"keys {', '.join(map(str, given))}" if isinstance(given, Mapping) else f"a {type(given).__name__}"
    return ConfigurationError(f"this message cannot be read ({problem}): {kind}")


def spelled(given: MessageLike) -> Message:
    match given:
        case str():
            return said(given)
        case Message():
            return given
        case ChatResponse():
            return answered(given)
        case AIModelCallResponse():
            if given.chat_response is None:
                raise ConfigurationError("this response has no chat answer (yet): read its stream to the end first")
            return answered(given.chat_response)
        case ChatResponseChoice():
            return given.to_message()
        case Content() if getattr(given, "type", None) == "tool_result":
            return Message(role="tool", contents=[given])
        case list() | tuple() | Content() | PurePath() | bytes():
            return Prompt.model_validate({"parts": given})
        case Mapping():
            return typed(given) if "type" in given else validated(given)
    raise ConfigurationError(f"a {type(given).__name__} is not a message; pass a str, dict, Prompt or an answer")


def typed(given: Mapping[str, Any]) -> Message:
    """A dict that says its type: an item of Responses, or a message in another form."""
    from .response_items import is_item, read_item

    return read_item(given) if is_item(given) else validated(given)


def said(text: str) -> Prompt:
    """What a user says in words: nearly every prompt, made without the checks that dicts and parts need."""
    return Prompt.made(contents=[TextContent.made(type="text", text=text)])


def answered(response: ChatResponse) -> Message:
    if not response.choices:
        raise ConfigurationError("this answer has no choices, so it cannot be a part of the conversation")
    return response.to_message()


def validated(given: Mapping[str, Any]) -> Message:
    """A dict in our own spelling, or as OpenAI writes tool calls and results."""
    said = dict(given)
    if said.get("role") in ("tool", "function"):
        from .tool_messages import is_result, read_result

        if is_result(said):
            return read_result(said)
    calls = said.pop("tool_calls", None)
    legacy = said.pop("function_call", None)
    if legacy:
        calls = [*(calls or ()), {"function": legacy}]
    said.setdefault("role", "user")
    message = Message.model_validate({k: v for k, v in said.items() if v is not None})
    return message.model_copy(update={"contents": [*message.contents, *map(called, calls)]}) if calls else message


CALL = fields("id", "type", "index", function=fields("name", "arguments"))


def called(call: Mapping[str, Any]) -> ToolCallContent:
    from ..answer.tool_slots import read_arguments
    from ..types.content import ToolCallContent

    function = call.get("function") or {}
    text = function.get("arguments") or ""
    spelled_out = json.dumps(text).decode() if isinstance(text, Mapping) else text
    arguments, problem = read_arguments(spelled_out)
    left = leftover(call, CALL)
    extras = {VENDOR_FIELDS: {"openai_chat": left}} if left else {}
    return ToolCallContent(
        id=call.get("id") or "",
        name=function.get("name") or "",
        arguments=arguments,
        arguments_text=spelled_out,
        error=problem,
        extras=extras,
    )


def gathered(given: Iterable[MessageLike]) -> list[Message]:
    """Results of one round of tools belong together, however they were given, and so do items of one answer."""
    found: list[Message] = []
    follows_item = False
    for one in given:
        message, item = read_message(one), isinstance(one, Mapping) and is_bare_item(one)
        joins = message.role == "tool" or (item and follows_item and message.role == "assistant")
        if joins and found and found[-1].role == message.role:
            found[-1] = message.model_copy(update={"contents": [*found[-1].contents, *message.contents]})
        else:
            found.append(message)
        follows_item = item
    return found


def is_bare_item(given: Mapping[str, Any]) -> bool:
    """Whether this is an item of Responses."""
    if "type" not in given:
        return False
    from .response_items import is_item

    return is_item(given)
