"""Histories that a provider accepts: repaired, and truncated to a token limit by dropping the oldest rounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import ConfigurationError
from ..types.chat.message import Message
from ..types.chat.report import CallWarning
from ..types.config.call import AIModelCallConfig, Call
from ..types.config.model import AIModel
from ..types.content.media import FileContent, Media
from ..types.content.parts import (
    Content,
    ContentItem,
    ReasoningContent,
    ServerToolContent,
    ToolCallContent,
    ToolResultContent,
)
from ..wire import json

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
    if not [part for message in messages for part in message.contents if part.type in TOOLS]:
        return tuple(messages), ()
    repair = ToolCallRepair(stored=stored)
    for at, message in enumerate(messages):
        if message.role == "assistant":
            repair.claimed = claimed_ids(messages, at + 1)
        repair.add_message(message)
    repair.close(last=True, open_end=open_end)
    return tuple(repair.done), tuple(repair.warnings)


UNNAMED = "unnamed_call_"
"""Prefix of generated ids, for calls without one."""
NOT_RUN = "This call was not run."


@dataclass(slots=True, eq=False)
class ToolCallRepair:
    """State of a repair; `open` are the calls without results so far."""

    done: list[Message] = field(default_factory=list)
    warnings: list[CallWarning] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    open: list[tuple[str, ToolCallContent]] = field(default_factory=list)
    results: list[ToolResultContent] = field(default_factory=list)
    waiting: list[Message] = field(default_factory=list)
    claimed: frozenset[str] = frozenset()
    """The ids that results of this round name."""
    at: int = 0
    stored: bool = False
    """Whether earlier calls may be stored at the provider."""

    def add_message(self, message: Message) -> None:
        self.at += 1
        if message.role == "assistant":
            self.close()
            self.done.append(self.assign_ids(message))
            return
        if not any(isinstance(part, ToolResultContent) for part in message.contents):
            (self.waiting if self.open or self.results or self.waiting else self.done).append(message)
            return
        rest: list[ContentItem] = []
        for part in message.contents:
            if isinstance(part, ToolResultContent):
                self.add_result(part)
            else:
                rest.append(part)
        if rest:
            role = "user" if message.role == "tool" else message.role
            self.waiting.append(message.model_copy(update={"contents": rest, "role": role}))

    def assign_ids(self, message: Message) -> Message:
        """Return the message with a unique id on every call."""
        contents: list[ContentItem] = []
        for part in message.contents:
            if isinstance(part, ToolCallContent):
                given = part.id
                part = self.with_new_id(part)
                self.seen.add(part.id)
                self.open.append((given, part))
            contents.append(part)
        if all(new is old for new, old in zip(contents, message.contents, strict=True)):
            return message
        return message.model_copy(update={"contents": contents})

    def with_new_id(self, call: ToolCallContent) -> ToolCallContent:
        if call.id and call.id not in self.seen:
            return call
        number = len(self.open)
        name = f"{call.id}_{self.at}_{number}" if call.id else f"{UNNAMED}{self.at}_{number}"
        while name in self.seen:
            name += "_"
        return call.model_copy(update={"id": name})

    def add_result(self, result: ToolResultContent) -> None:
        """Assign the result to its call by id, or to the first open call of its tool."""
        open_call = self.find_open_call(result)
        if open_call is None and self.stored:
            if not result.call_id and not result.name:
                raise ConfigurationError(
                    "a tool result has no call_id, and its call is stored at the provider. Pass call_id=..."
                )
            self.results.append(result)
            return
        if open_call is None:
            text = f"the result of {result.name or result.call_id!r}" if result.name or result.call_id else "a result"
            self.warn("dropped_content", f"{text} was dropped: the history has no open call for it")
            return
        self.open.remove(open_call)
        call = open_call[1]
        self.results.append(
            result if result.call_id == call.id else result.model_copy(update={"call_id": call.id, "name": call.name})
        )

    def find_open_call(self, result: ToolResultContent) -> tuple[str, ToolCallContent] | None:
        """Return the open call of a result: by id, else by function name in call order.

        Some protocols have no ids, so the id may be a function name. A result without an id belongs to the first call
        without one; calls that another result names by id are left to that result.
        """
        if result.call_id:
            by_id = next((one for one in self.open if result.call_id in (one[0], one[1].id)), None)
            if by_id is not None or result.call_id in self.seen:
                return by_id
        name = result.call_id or result.name
        free = [one for one in sorted(self.open, key=has_id) if one[0] not in self.claimed]
        open_call = next((one for one in free if name in (None, one[1].name)), None)
        if open_call is not None or not result.call_id or not result.name:
            return open_call
        return next((one for one in free if not has_id(one) and one[1].name == result.name), None)

    def close(self, *, last: bool = False, open_end: bool = False) -> None:
        """End a round: put its results right after the calls, then the other messages."""
        may_wait = last and not self.waiting and (open_end or not self.results)
        if self.open and not may_wait:
            for _, call in self.open:
                self.results.append(
                    ToolResultContent(call_id=call.id, name=call.name, output=NOT_RUN, is_error=True),
                )
                self.warn("translated_content", f"the call of {call.name!r} has no result; an error result was added")
        if self.results:
            self.done.append(Message(role="tool", contents=list(self.results)))
        self.done.extend(self.waiting)
        self.open, self.results, self.waiting = [], [], []

    def warn(self, code: str, message: str) -> None:
        self.warnings.append(CallWarning.model_validate({"code": code, "message": message}))


def has_id(call: tuple[str, ToolCallContent]) -> bool:
    """Return whether the call was given with an id."""
    return bool(call[0])


def claimed_ids(messages: Sequence[Message], start: int) -> frozenset[str]:
    """The ids that the results of a round name: of all messages from `start` up to the next answer."""
    ids: set[str] = set()
    for at in range(start, len(messages)):
        if messages[at].role == "assistant":
            break
        results = (part for part in messages[at].contents if isinstance(part, ToolResultContent))
        ids.update(result.call_id for result in results if result.call_id)
    return frozenset(ids)


STORED_HISTORY = (
    "previous_response_id",
    "previous_interaction_id",
    "conversation",
    "conversation_id",
    "cachedContent",
    "cached_content",
    "thread_id",
    "session_id",
)
"""Request fields of several vendors that refer to stored responses, conversations or cached contents."""


def continues_stored_history(config: AIModelCallConfig, model: AIModel) -> bool:
    """Return whether the messages continue a history that only the provider has.

    Args:
        config: Settings of the call; its `options` are request fields.
        model: The model; its `parameters` are request fields too.

    Returns:
        True if tool results may belong to calls that are not among the messages.
    """
    if config.prompt_cache is not None and config.prompt_cache.stored is not None:
        return True
    options, parameters = config.options, model.parameters
    return bool(options and names_stored_history(options)) or bool(parameters and names_stored_history(parameters))


def check_result_ids(call: Call) -> None:
    """Check the tool results of a call whose earlier turns only the provider has.

    Args:
        call: The call, with repaired messages: results of known calls have the ids of these.

    Raises:
        ConfigurationError: If a result has no id; its call cannot be found by the name of the tool.
    """
    for message in call.messages:
        for part in message.contents:
            if isinstance(part, ToolResultContent) and not part.call_id:
                target = f"{call.endpoint.api.provider} ({call.endpoint.ai_model.model_name})"
                problem = f"the result of {part.name!r} has no call_id, and its call is stored at the provider"
                raise ConfigurationError(f"{target}: {problem}. Pass call_id=...")


def names_stored_history(fields: Mapping[str, Any]) -> bool:
    return any(fields.get(name) for name in STORED_HISTORY)


BYTES_A_TOKEN = 4
TOKENS_A_MESSAGE = 4
# Tokens of an image of usual size; a rough guess for documents and videos.
TOKENS_OF_MEDIA = 1_600


def truncate_history(
    messages: tuple[Message, ...], instructions: Sequence[str], config: AIModelCallConfig
) -> tuple[tuple[Message, ...], tuple[CallWarning, ...]]:
    """Return the history within `context_policy.max_input_tokens`; the last round and system messages always stay."""
    most = config.context_policy.max_input_tokens if config.context_policy else None
    if most is None:
        return messages, ()
    lead, rounds = rounds_of(messages)
    fixed = sum(map(estimate_words, instructions)) + sum(
        estimate_words(json.dumps(tool).decode()) for tool in config.tools if not getattr(tool, "deferred", False)
    )
    sizes = [sum(map(size, one)) for one in rounds]
    total = fixed + sum(map(size, lead)) + sum(sizes)
    left_out = 0
    while total > most and left_out < len(rounds) - 1:
        total -= sizes[left_out]
        left_out += 1
    if not left_out and total <= most:
        return messages, ()
    stored = (*lead, *(message for one in rounds[left_out:] for message in one))
    return stored, (
        CallWarning(code="dropped_content", message=describe_truncation(left_out, len(rounds), total, most)),
    )


def describe_truncation(left_out: int, rounds: int, total: int, most: int) -> str:
    if not left_out:
        return (
            f"context_policy allows {most} input tokens, but the last round, which is always sent, has about {total} "
            "with instructions and tools"
        )
    text = f"the oldest {left_out} of {rounds} rounds were dropped: context_policy allows {most} input tokens"
    return text if total <= most else f"{text}, but the rest still has about {total}"


def rounds_of(messages: Sequence[Message]) -> tuple[list[Message], list[list[Message]]]:
    """Return the leading system messages, and each user message with everything up to the next one."""
    lead: list[Message] = []
    rounds: list[list[Message]] = []
    for message in messages:
        if message.role == "system" and not rounds:
            lead.append(message)
        elif not rounds or starts_round(message):
            rounds.append([message])
        else:
            rounds[-1].append(message)
    return lead, rounds


def starts_round(message: Message) -> bool:
    """Return whether a round begins here; tool results belong to the round of their calls."""
    return message.role == "user" and not any(isinstance(part, ToolResultContent) for part in message.contents)


def size(message: Message) -> int:
    return TOKENS_A_MESSAGE + sum(tokens(part) for part in message.contents)


def tokens(part: Content) -> int:
    match part:
        case FileContent() if (text := part.to_text()) is not None:
            return estimate_words(text)
        case Media():
            return TOKENS_OF_MEDIA
        case ToolCallContent() | ServerToolContent():
            return estimate_words(part.name) + estimate_words(json.dumps(part.arguments).decode())
        case ToolResultContent():
            return estimate_words(part.get_text()) + sum(tokens(inner) for inner in media_of(part))
        case ReasoningContent():
            return estimate_words(part.get_text()) + estimate_words(part.signature or "")
        case _:
            return estimate_words(part.get_text())


def media_of(part: ToolResultContent) -> Iterator[Media]:
    return (inner for inner in part.contents if isinstance(inner, Media))


def estimate_words(text: str) -> int:
    return -(-len(text.encode()) // BYTES_A_TOKEN)
