"""Parses prompt, context and messages into one sequence of messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ..errors import ConfigurationError
from ..types.chat.message import PROMPT, SPELLINGS, Message, Prompt, as_sequence
from ..types.chat.response import AIModelCallResponse, ChatResponse, ChatResponseChoice
from ..types.config.other_names import use_own_names
from ..types.content.media import Content, text_part
from ..types.content.parts import ContentItem
from ..types.model_base import expected_value, model_fields
from .vendor_messages import (
    answer_only,
    is_anthropic_message,
    is_item,
    is_result,
    parse_tool_call,
    read_item,
    read_message_fields,
    read_result,
)

if TYPE_CHECKING:
    from ..types.config.call_options import AnswerOptions


Part = str | bytes | PurePath | Content
MessageLike = (
    Part | Sequence[Part] | Mapping[str, Any] | Message | ChatResponse | ChatResponseChoice | AIModelCallResponse
)
"""Every accepted form of a message; parts, alone or in a list, are a user message."""


def read_history(
    prompt: MessageLike | None,
    context: Sequence[MessageLike] | None,
    messages: Sequence[MessageLike] | None,
) -> tuple[Message, ...]:
    """Return messages, then context, then prompt; consecutive tool results are merged."""
    if isinstance(context, str):
        raise ConfigurationError(
            "context is a list of earlier messages, not a text: "
            'context=[{"role": "user", "content": "..."}]. Write background information in instructions or the prompt'
        )
    if isinstance(prompt, str) and not prompt.strip():
        raise ConfigurationError("the prompt is empty. Pass a text.")
    if type(prompt) is str and not messages and not context:
        return (user_prompt(prompt),)
    entries = [*as_sequence(messages), *as_sequence(context)]
    if prompt is not None:
        entries.append(prompt)
    if not entries:
        raise ConfigurationError("there is nothing to send. Pass prompt, context or messages.")
    return tuple(merge_tool_results(entries))


def read_message(given: MessageLike) -> Message:
    """Parse one message from any accepted form; raise `ConfigurationError` if it is invalid."""
    try:
        return parse_message(given)
    except ValidationError as error:
        raise unreadable_error(given, "; ".join(map(describe_error, error.errors()[:3]))) from error
    except (TypeError, KeyError, AttributeError) as error:
        # Vendor formats are read field by field, and fields may have any type.
        raise unreadable_error(given, str(error)) from error


def describe_error(error: ErrorDetails) -> str:
    """Return a problem with the place where it is; what this library raised is a sentence already."""
    message = str(error.get("ctx", {}).get("error") or expected_value(error))
    if error["type"].startswith("union_tag"):
        message = 'a part is a text, or has a known type, such as {"type": "text", "text": "..."}'
    return ": ".join(filter(None, (".".join(map(str, error["loc"])), message)))


def unreadable_error(given: object, problem: str) -> ConfigurationError:
    kind = f"keys {', '.join(map(str, given))}" if isinstance(given, Mapping) else f"a {type(given).__name__}"
    return ConfigurationError(f"invalid message ({problem}): {kind}")


def parse_message(given: MessageLike) -> Message:
    match given:
        case str():
            return user_prompt(given)
        case Message():
            return given
        case ChatResponse():
            return response_message(given)
        case AIModelCallResponse():
            if given.chat_response is None:
                raise ConfigurationError("this response has no chat response yet. Read its stream to the end first.")
            return response_message(given.chat_response)
        case ChatResponseChoice():
            return given.to_message()
        case Content() if getattr(given, "type", None) == "tool_result":
            return Message(role="tool", contents=[given])
        case list() | tuple() | Content() | PurePath() | bytes():
            return read_parts(given)
        case Mapping():
            return typed(given) if "type" in given else validate_message(given)
    return parse_object(given)


def read_parts(given: object) -> Prompt:
    """A user message of one or several parts."""
    match given:
        case [] | ():
            raise ConfigurationError("the prompt is empty. Pass a text.")
        case [{"role": _} | object(role=str()) | ("system" | "developer" | "user" | "assistant", str()), *_]:
            raise ConfigurationError("a list of messages is not one message. Write messages=[...] without a prompt.")
    return Prompt.model_validate({"parts": given})


def parse_object(given: object) -> Message:
    """A message that is an object of a vendor's SDK, such as `ChatCompletionMessage`."""
    fields = model_fields(given)
    if fields is None:
        raise ConfigurationError(f"{type(given).__name__} is not a message. Pass a str, dict, Prompt or a response.")
    return parse_message(fields)


def typed(given: Mapping[str, Any]) -> Message:
    """Parse a dict with a `type`: an item of the Responses API or a message."""
    if given["type"] == "message" and is_anthropic_message(given):
        return validate_message(answer_only(given))
    return read_item(given) if is_item(given) else validate_message(given)


def user_prompt(text: str) -> Prompt:
    """Build a text prompt. The forms that a message may have need not be looked for."""
    return PROMPT.make({"contents": [text_part(text)]})


def response_message(response: ChatResponse) -> Message:
    if not response.choices:
        raise ConfigurationError("this response has no choices, so it cannot be used as a message")
    return response.to_message()


def validate_message(given: Mapping[str, Any]) -> Message:
    """Parse a dict in our own format, or with OpenAI's tool calls and results."""
    text = dict(given)
    if is_result(text):
        return read_result(text)
    calls = text.pop("tool_calls", None)
    legacy = text.pop("function_call", None)
    if legacy:
        calls = [*(calls or ()), {"function": legacy}]
    text.setdefault("role", "user")
    extra = read_extra_fields(text)
    message = Message.model_validate({k: v for k, v in text.items() if v is not None})
    more = [*extra, *map(parse_tool_call, calls or ())]
    return message.model_copy(update={"contents": [*message.contents, *more]}) if more else message


OWN_FIELDS = frozenset(("role", "name", "cache", *SPELLINGS))


def read_extra_fields(message: dict[str, Any]) -> list[ContentItem]:
    """The parts for what vendors write next to the content; nearly every message has nothing there."""
    if OWN_FIELDS.issuperset(message):
        return []
    return read_message_fields(message)


def merge_tool_results(given: Iterable[MessageLike]) -> list[Message]:
    """Merge consecutive tool results, and consecutive items of one response."""
    merged: list[Message] = []
    follows_item = False
    for entry in given:
        if type(entry) is str:
            merged.append(user_prompt(entry))
            follows_item = False
            continue
        entry = model_fields(entry) or entry
        message, item = read_message(entry), is_bare_item(entry)
        joins = message.role == "tool" or (item and follows_item and message.role == "assistant")
        if joins and merged and merged[-1].role == message.role:
            merged[-1] = message.model_copy(update={"contents": [*merged[-1].contents, *message.contents]})
        else:
            merged.append(message)
        follows_item = item
    return merged


def is_bare_item(given: object) -> bool:
    """Return whether this is an item of the Responses API."""
    return isinstance(given, Mapping) and "type" in given and is_item(given)


Instructions = str | Sequence[str] | None
"""System instructions of a conversation or a call."""


def read_instructions(given: object) -> tuple[str, ...]:
    """Return instructions as a tuple of strings without empty ones."""
    if given is None:
        return ()
    text = (
        (given,) if isinstance(given, str) or not isinstance(given, Iterable) or isinstance(given, Mapping) else given
    )
    stored: list[str] = []
    for one in text:
        if not isinstance(one, str):
            raise ConfigurationError(f"instructions must be a string or a list of strings, not {type(one).__name__}")
        stored.append(one)
    return tuple(filter(None, stored))


def take_instructions(given: object, options: AnswerOptions | dict[str, Any]) -> tuple[str, ...]:
    """Return the instructions of a call; those that the options have under another name are removed there.

    Raises:
        ConfigurationError: If they are given under two names with different values.
    """
    stated = {"instructions": given} if given is not None and given != () else {}
    others = {"system": options.pop("system", None), "system_prompt": options.pop("system_prompt", None)}
    stated |= {name: value for name, value in others.items() if value is not None}
    return read_instructions(use_own_names(stated).get("instructions"))
