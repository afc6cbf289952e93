"""Responses: complete and streamed Chat Completions, decoded by the same functions, and their token counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from ...http.protocol.message import Head
from ...types.chat.delta import Delta, ErrorDelta, FinishDelta, FinishReason, LogprobsDelta, ResponseStart, StreamEnd
from ...types.chat.usage import Usage
from ...wire import json
from ...wire.frame import Frame
from ...wire.text import matches
from ..base import EncodedRequest, RequestAware
from ..common.fields import (
    Report,
    count,
    is_readable,
    read_extras,
    read_int,
    read_ints,
    read_name,
    read_object,
    read_objects,
    read_text,
    unread_warning,
    unreadable,
    used,
)
from ..common.response import WrapperCalls, declared_tools
from ..common.usage import TokenReport as Counted, reported_cost, split
from ..failure import CHAT, missing_response, refuse_foreign
from .quirks import ChatQuirks
from .response_parts import TEXT, MessageReader

SEPARATE_REASONING = frozenset({"reasoning_tokens"})


def read_usage(report: Report, *, cache_unclear: bool = False, reasoning_separate: bool = False) -> Usage:
    """Convert the report; `prompt_tokens` usually includes cached and audio tokens, the total shows exceptions.

    Args:
        report: The `usage` object of a response.
        cache_unclear: Whether it is unknown if cached tokens are included in the prompt.
        reasoning_separate: Whether the dialect counts reasoning next to the completion.

    Returns:
        Counts that do not overlap.
    """
    read_in = read_object(report, "prompt_tokens_details")
    made = read_object(report, "completion_tokens_details")
    cached = read_from_cache(report, read_in)
    match = split(
        Counted(
            count(report, "prompt_tokens"),
            count(report, "completion_tokens"),
            count(report, "total_tokens"),
            read={
                "cache_read_tokens": 0 if cache_unclear else cached,
                "cache_write_tokens": read_int(read_in, "cache_write_tokens")
                or read_int(read_in, "cache_creation_input_tokens"),
                "input_audio_tokens": input_audio(report, read_in),
            },
            made={
                "reasoning_tokens": read_int(made, "reasoning_tokens") or read_int(report, "reasoning_tokens"),
                "output_audio_tokens": read_int(made, "audio_tokens"),
                "output_image_tokens": read_int(made, "image_tokens"),
            },
            separate=SEPARATE_REASONING if reasoning_separate else frozenset(),
        )
    )
    left_out = ("cache_read_tokens",) if cache_unclear and cached else ()
    return Usage.model_validate(
        {
            **match.counts,
            "server_tool_requests": server_tools(report),
            "reported_cost": reported_cost(report),
            "unclear": (*match.unclear, *left_out, *unreadable(report)),
            "raw": dict(report),
        }
    )


def input_audio(report: Report, details: Report) -> int:
    """Sound in the prompt; where only its seconds are told, it is what the total has beyond prompt and completion."""
    data = read_int(details, "audio_tokens")
    if data or not read_int(report, "prompt_audio_seconds"):
        return data
    return max(
        0, read_int(report, "total_tokens") - read_int(report, "prompt_tokens") - read_int(report, "completion_tokens")
    )


def read_from_cache(report: Report, details: Report) -> int:
    """Return the cached tokens from any of the fields that dialects use."""
    return (
        read_int(details, "cached_tokens")
        or read_int(report, "prompt_cache_hit_tokens")
        or read_int(report, "cached_tokens")
        or read_int(report, "num_cached_tokens")
    )


def server_tools(report: Report) -> dict[str, int]:
    details = read_object(report, "server_tool_use_details") or read_object(report, "server_tool_use")
    return read_ints(details)


FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "end_turn": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "COMPLETE": "stop",
    "STOP": "stop",
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_length": "length",
    "MAX_TOKENS": "length",
    "tool_calls": "tool_calls",
    "tool_call": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "TOOL_CALL": "tool_calls",
    "content_filter": "content_filter",
    "content_filtered": "content_filter",
    "sensitive": "content_filter",
    "safety": "content_filter",
    "SAFETY": "content_filter",
    "refusal": "refusal",
    "context_length_exceeded": "context_length",
    "model_context_window_exceeded": "context_length",
    "error": "error",
    "network_error": "error",
    "abort": "error",
    "insufficient_system_resource": "error",
}
EXTRA_FIELDS = (
    *("system_fingerprint", "service_tier", "prompt_filter_results", "moderation"),
    # Fields that providers of search models add to their responses.
    *("search_results", "web_search", "search_info", "related_questions"),
)
# Fields that an event may have besides choices.
REST = frozenset({"usage", "x_groq", "citations", "search_results"})
LAST = b"[DONE]"


class ChatReader(RequestAware):
    """Decodes one response. Complete messages and stream deltas have the same format."""

    __slots__ = ("_began", "_choices", "_declared", "_ended", "_quirks", "_thinking", "_typed", "_urls")

    def __init__(self, quirks: ChatQuirks) -> None:
        self._quirks = quirks
        self._began = False
        self._choices: dict[int, MessageReader] = {}
        self._ended: set[int] = set()
        self._urls: set[str] = set()
        self._thinking = False
        self._typed = False
        """Whether the body has the type of this protocol, so that its message may be of another shape."""
        self._declared: frozenset[str] = frozenset()

    def set_request(self, encoded: EncodedRequest) -> None:
        """Store which tools are declared, and whether answers start inside of the reasoning.

        Answers with an enforced schema do not contain reasoning.
        """
        self._declared = declared_tools(encoded.body)
        if self._quirks.think_tags and "response_format" not in encoded.body:
            from ..common.response import opens_in_prompt

            model = str(encoded.body.get("model") or "")
            self._thinking = opens_in_prompt(model, self._quirks.think_opened)

    def whole(self, body: Any) -> Iterator[Delta]:
        self._typed = isinstance(body, dict) and read_text(body, "object").startswith("chat.completion")
        data = self._read(body, "message")
        yield from data
        yield from self.finish()
        if self._choices:
            yield StreamEnd()
        elif has_error_text(body):
            yield ErrorDelta(stream_error(body))
        elif not any(isinstance(delta, ErrorDelta) for delta in data):
            raise missing_response(CHAT)

    def frame(self, frame: Frame) -> list[Delta]:
        data = frame.data
        return (
            self._read(json.loads(data), "delta", frame.event)
            if data[:1] == b"{"
            else self._read_undecodable(data.strip())
        )

    def finish(self) -> Iterator[Delta]:
        for reader in self._choices.values():
            yield from reader.finish()
        if self._quirks.terminal == "finish" and self._choices and set(self._choices) <= self._ended:
            yield StreamEnd()

    def _read_undecodable(self, text: bytes) -> list[Delta]:
        """Handle an event that is not JSON: the end marker, or a keep-alive."""
        if text == LAST:
            # An end without an answer before it is none: the stream is broken then.
            return [StreamEnd()] if self._choices else []
        data = json.loads(text) if text else None
        return [] if data is None else self._read(data, "delta")

    def _read(self, data: Any, key: str, event: str | None = None) -> list[Delta]:
        body = data[0] if isinstance(data, list) and data else data
        if not isinstance(body, dict):
            raise ValueError(f"expected an object, got {type(body).__name__}")
        match: list[Delta] = [] if self._began else list(self._begin(body))
        choices = body.get("choices")
        if not choices:
            refuse_foreign(body, CHAT)
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and choice:
                match += self._read_choice(choice, key)
        if not REST.isdisjoint(body):
            match += self._read_rest(body)
        if body.get("error") or event == "error" or body.get("object") == "error":
            match.append(ErrorDelta(stream_error(body)))
        return match

    def _begin(self, body: dict[str, Any]) -> Iterator[Delta]:
        """Emit the start; Azure's first event has no id, so the first one with an id counts."""
        if body.get("id") or body.get("model"):
            self._began = bool(body.get("id") and body.get("model"))
            yield ResponseStart(read_name(body, "id"), read_name(body, "model"), read_extras(body, EXTRA_FIELDS))

    def _read_choice(self, choice: dict[str, Any], key: str) -> Iterable[Delta]:
        index = choice.get("index")
        if not isinstance(index, int):
            index = 0
        given = choice.get(key)
        message = given or choice.get("delta") or choice.get("message")
        if not isinstance(message, dict) or not message:
            if key == "message" and is_empty(choice) and not self._typed:
                raise missing_response(CHAT)
            # Completions of old have their words in the choice itself.
            message = {"content": message if isinstance(message, str) else choice.get("text")}
        reader = self._choices.get(index)
        if reader is None:
            whole = key == "message"
            wrappers = WrapperCalls(self._declared)
            reader = self._choices[index] = MessageReader(
                index, self._quirks, wrappers, whole=whole, thinking=self._thinking
            )
        text = reader.read(message)
        if key == "message" and not is_readable(given) and given is not None and not isinstance(given, str):
            text = chain(text, unread_warning([given]))
        if choice.get("finish_reason") or choice.get("logprobs"):
            return chain(text, self._read_end(choice, index, reader))
        return text

    def _read_end(self, choice: dict[str, Any], index: int, reader: MessageReader) -> Iterator[Delta]:
        """Read the other fields of a choice, and its finish reason."""
        if choice.get("logprobs") and (tokens := read_objects(read_object(choice, "logprobs"), "content")):
            yield LogprobsDelta(tokens, index)
        if raw := choice.get("finish_reason"):
            self._ended.add(index)
            yield from reader.remaining_call_deltas()
            if FINISH.get(str(raw)) == "stop":
                yield from reader.stop()
            stop = choice.get("stop_reason") or choice.get("matched_stop")
            reason = FINISH.get(str(raw), "other")
            if reason == "stop" and reader.called:
                # Some providers report "stop" for every answer.
                reason = "tool_calls"
            yield FinishDelta(reason, str(raw), stop if isinstance(stop, str) else None, None, index)

    def _read_rest(self, body: dict[str, Any]) -> Iterator[Delta]:
        """Read the token counts and the other fields of the last event."""
        counted = body.get("usage") or body.get("x_groq")
        if counted and (usage := read_object(body, "usage") or read_object(read_object(body, "x_groq"), "usage")):
            separate = self._quirks.reasoning_separate
            yield from used(read_usage(usage, cache_unclear=self._cache_unclear(body), reasoning_separate=separate))
            if extras := read_extras(body, EXTRA_FIELDS):
                yield ResponseStart(extras=extras)
        if body.get("citations") or body.get("search_results"):
            from .response_parts import read_sources

            yield from read_sources(body, self._urls, TEXT)

    def _cache_unclear(self, body: dict[str, Any]) -> bool:
        models = self._quirks.cache_counts_unclear
        return bool(models) and matches(str(body.get("model") or ""), models)


def is_empty(choice: dict[str, Any]) -> bool:
    """Whether a choice has neither a message nor a text, and does not say why."""
    if isinstance(choice.get("text"), str):
        return False
    return FINISH.get(str(choice.get("finish_reason")), "stop") == "stop" or bool(choice.get("message"))


def stream_error(body: Any) -> Exception:
    """Return the error inside a response that started as a success."""
    from .codec import read_error

    return read_error(Head(0), body)


def has_error_text(body: Any) -> bool:
    """Whether a body without an answer has an error message; one in an `error` field was handled before."""
    from .codec import error_fields

    return isinstance(body, dict) and not body.get("error") and bool(error_fields(body)[0])
