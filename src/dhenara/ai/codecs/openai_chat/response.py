"""Responses: complete and streamed Chat Completions, decoded by the same functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.chat.delta import (
    Delta,
    ErrorDelta,
    FinishDelta,
    FinishReason,
    LogprobsDelta,
    ResponseStart,
    StreamEnd,
    TextDelta,
)
from ...types.chat.usage import Usage
from ...wire import json
from ...wire.sse import Frame
from ...wire.text import matches
from ..base import EncodedRequest, RequestAware
from ..common.nested_output import declared_tools, opens_in_prompt
from ..common.response_fields import (
    Wire,
    is_readable,
    read_extras,
    read_index,
    read_name,
    read_object,
    read_objects,
    read_text,
    unread_warning,
    usage_deltas,
    with_expected,
)
from ..error_mapping import CHAT, LONGEST_BODY, error_from_response, missing_response, parse_body, refuse_foreign
from ..quirks import ChatQuirks
from .response_parts import PLAIN, TEXT, MessageReader, read_usage
from .tools import read_sources

FINISH: dict[str, FinishReason] = {
    **dict.fromkeys(("stop", "end_turn", "eos", "eos_token", "stop_sequence", "complete"), "stop"),
    **dict.fromkeys(("length", "max_tokens", "max_output_tokens", "model_length"), "length"),
    **dict.fromkeys(("tool_calls", "tool_call", "tool_use", "function_call"), "tool_calls"),
    **dict.fromkeys(("content_filter", "content_filtered", "sensitive", "safety"), "content_filter"),
    **dict.fromkeys(("prohibited_content", "recitation", "blocklist", "spii"), "content_filter"),
    "refusal": "refusal",
    **dict.fromkeys(("context_length_exceeded", "model_context_window_exceeded"), "context_length"),
    **dict.fromkeys(("error", "network_error", "abort", "insufficient_system_resource"), "error"),
    **dict.fromkeys(("malformed_function_call", "function_call_filter"), "error"),
}
EXTRA_FIELDS = (
    *("system_fingerprint", "service_tier", "prompt_filter_results", "moderation"),
    # Fields that providers of search models add to their responses.
    *("search_results", "web_search", "search_info", "related_questions"),
)
# Fields that an event may have besides choices.
REST = frozenset({"usage", "x_groq", "citations", "search_results", "error"})
LAST = b"[DONE]"


class ChatReader(RequestAware):
    """Decodes one response. Complete messages and stream deltas have the same format."""

    __slots__ = (
        "_began",
        "_choices",
        "_declared",
        "_ended",
        "_expected",
        "_long_writes",
        "_quirks",
        "_thinking",
        "_type",
        "_urls",
    )

    def __init__(self, quirks: ChatQuirks) -> None:
        self._quirks = quirks
        self._began = False
        self._choices: dict[int, MessageReader] = {}
        self._ended: set[int] = set()
        self._urls: set[str] = set()
        self._thinking = False
        self._type: Any = None
        """What a complete body says that it is. With the type of this protocol, its message may be of another shape."""
        self._declared: frozenset[str] = frozenset()
        self._expected: Usage | None = None
        self._long_writes = False
        """Whether the request stores its prompt for 12 hours: reports of this protocol do not say for how long."""

    def set_request(self, encoded: EncodedRequest) -> None:
        """Store which tools are declared, what is known of the usage, and whether answers start inside the reasoning.

        Answers with an enforced schema do not contain reasoning.
        """
        body = encoded.body
        self._declared, self._expected = declared_tools(body), encoded.expected_usage
        if "prompt_cache_options" in body:
            self._long_writes = read_object(body, "prompt_cache_options").get("ttl") == "12h"
        if self._quirks.think_tags and "response_format" not in body:
            model = str(body.get("model") or "")
            self._thinking = opens_in_prompt(model, self._quirks.think_opened)

    def whole(self, body: Any) -> list[Delta]:
        self._type = body.get("object") if body.__class__ is dict else None
        data = self._read(body, "message")
        for reader in self._choices.values():
            data += reader.finish()
        if self._choices:
            data.append(StreamEnd())
        elif has_error_text(body):
            data.append(ErrorDelta(stream_error(body)))
        elif not any(isinstance(delta, ErrorDelta) for delta in data):
            raise missing_response(CHAT)
        return data

    def frame(self, frame: Frame) -> Sequence[Delta]:
        data = frame.data
        if data[:1] != b"{":
            return self._read_undecodable(data.strip())
        event = json.loads(data)
        return (frame.event is None and self._usual_text(event)) or self._read(event, "delta", frame.event)

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

    def _usual_text(self, event: Wire) -> Sequence[Delta] | None:
        """Return the text of an event that has nothing else that is new; None for an event that `_read` has to read."""
        try:
            (choice,) = event["choices"]
            delta, index = choice["delta"], choice["index"]
            text, reader = delta["content"], self._choices[index]
        except (LookupError, TypeError, ValueError):
            return None
        if (
            text.__class__ is not str
            or index.__class__ is not int
            or not (text and self._began and reader.tags is None)
            or choice.get("finish_reason")
            or choice.get("logprobs")
            or not (PLAIN.issuperset(delta) and REST.isdisjoint(event))
            or event.get("object") == "error"
        ):
            return None
        return (TextDelta(TEXT, text, index),)

    def _read(self, data: Any, key: str, event: str | None = None) -> list[Delta]:
        body = data if data.__class__ is dict else only_object(data)
        deltas: list[Delta] = [] if self._began else self._begin(body)
        is_first = bool(deltas)
        choices = body.get("choices")
        if not choices:
            refuse_foreign(body, CHAT)
        for choice in choices if choices is not None and choices.__class__ is list else ():
            if choice.__class__ is dict and choice:
                deltas += self._read_choice(choice, key)
        has_failed = event == "error" or body.get("object") == "error"
        if not REST.isdisjoint(body):
            deltas += self._read_rest(body, is_first=is_first)
            has_failed = has_failed or bool(body.get("error"))
        elif choices and choices.__class__ is list and choices[0].__class__ is dict and choices[0].get("usage"):
            # As in streams of Moonshot.
            deltas += self._read_rest({**body, "usage": choices[0]["usage"]}, is_first=is_first)
        if has_failed:
            deltas.append(ErrorDelta(stream_error(body)))
        return deltas

    def _begin(self, body: dict[str, Any]) -> list[Delta]:
        """Return the start; Azure's first event has no id, so the first one with an id counts."""
        named, model = body.get("id"), body.get("model")
        if not named and not model:
            return []
        self._began = bool(named and model)
        if named.__class__ is not str or model.__class__ is not str:
            named, model = read_name(body, "id"), read_name(body, "model")
        return [ResponseStart(named or None, model or None, read_extras(body, EXTRA_FIELDS))]

    def _read_choice(self, choice: dict[str, Any], key: str) -> Iterable[Delta]:
        index = choice.get("index")
        if index is None or index.__class__ is not int:
            index = read_index(choice, "index")
        given = choice.get(key)
        message = given if given.__class__ is dict and given else self._other_message(choice, key)
        if index not in self._choices:
            self._choices[index] = MessageReader(
                index, self._quirks, self._declared, whole=key == "message", thinking=self._thinking
            )
        reader = self._choices[index]
        text = reader.read(message)
        is_read = key != "message" or (text.__class__ is tuple and message is given)
        if not is_read and given is not None and not isinstance(given, str) and not is_readable(given):
            text = chain(text, unread_warning([given]))
        if choice.get("finish_reason") or choice.get("logprobs"):
            return [*text, *self._read_end(choice, index, reader)]
        return [*text, choice_error(choice)] if choice.get("error") else text

    def _other_message(self, choice: dict[str, Any], key: str) -> dict[str, Any]:
        """Find the message in another field; legacy completions have their text in the choice itself."""
        message = choice.get(key) or choice.get("delta") or choice.get("message")
        if isinstance(message, dict) and message:
            return message
        if choice.get("error"):
            return {}
        if key == "message" and is_empty(choice) and not str(self._type).startswith("chat.completion"):
            raise missing_response(CHAT)
        return {"content": message if isinstance(message, str) else choice.get("text")}

    def _read_end(self, choice: dict[str, Any], index: int, reader: MessageReader) -> list[Delta]:
        """Read the other fields of a choice, and its finish reason."""
        deltas: list[Delta] = []
        if choice.get("logprobs") and (tokens := read_objects(read_object(choice, "logprobs"), "content")):
            deltas.append(LogprobsDelta(tokens, index))
        if raw := choice.get("finish_reason"):
            self._ended.add(index)
            deltas += reader.remaining_call_deltas()
            reason = FINISH.get(str(raw)) or finish_reason(raw)
            if reason == "stop":
                deltas += reader.stop()
                # Some providers report "stop" for every answer.
                reason = "tool_calls" if reader.called else reason
            stop = choice.get("stop_reason") or choice.get("matched_stop")
            deltas.append(FinishDelta(reason, str(raw), stop if isinstance(stop, str) else None, None, index))
            if reason == "error" and choice.get("error"):
                deltas.append(choice_error(choice))
        return deltas

    def _read_rest(self, body: dict[str, Any], *, is_first: bool) -> list[Delta]:
        """Read the token counts and the other fields of the last event, which may also be the first one."""
        deltas: list[Delta] = []
        counted = body.get("usage") or body.get("x_groq")
        if counted and (usage := read_object(body, "usage") or read_object(read_object(body, "x_groq"), "usage")):
            separate = self._quirks.reasoning_separate
            is_unclear = bool(self._quirks.cache_counts_unclear) and self._cache_unclear(body)
            known = read_usage(usage, cache_unclear=is_unclear, reasoning_separate=separate)
            if self._long_writes and (written := known.cache_write_tokens):
                known = known.model_copy(update={"cache_write_tokens": 0, "cache_write_1h_tokens": written})
            deltas += usage_deltas(known if self._expected is None else with_expected(known, self._expected))
            if not is_first and (extras := read_extras(body, EXTRA_FIELDS)):
                deltas.append(ResponseStart(extras=extras))
        if body.get("citations") or body.get("search_results"):
            deltas += read_sources(body, self._urls, TEXT)
        return deltas

    def _cache_unclear(self, body: dict[str, Any]) -> bool:
        return matches(str(body.get("model") or ""), self._quirks.cache_counts_unclear)


def only_object(data: Any) -> dict[str, Any]:
    """Return the object of an event that some gateways put into a list."""
    body = data[0] if isinstance(data, list) and data else data
    if not isinstance(body, dict):
        raise ValueError(f"expected an object, got {type(body).__name__}")
    return body


def is_empty(choice: dict[str, Any]) -> bool:
    """Whether a choice has neither a message nor a text, and no finish reason that explains it."""
    if isinstance(choice.get("text"), str):
        return False
    return finish_reason(choice.get("finish_reason")) in ("stop", "other") or bool(choice.get("message"))


def finish_reason(raw: Any) -> FinishReason:
    """Return the reason for the provider's word, which some write in capitals or with details after a colon."""
    return FINISH.get(str(raw).partition(":")[0].lower(), "other")


def choice_error(choice: Wire) -> Delta:
    """Return the error of a provider behind a router, which may repeat its words as the text of the answer."""
    return ErrorDelta(stream_error({"error": choice["error"]}))


def stream_error(body: Any) -> Exception:
    """Return the error inside a response that started as a success."""
    return read_error(Head(0), body)


def has_error_text(body: Any) -> bool:
    """Whether a body without an answer has an error message; one in an `error` field was handled before."""
    return isinstance(body, dict) and not body.get("error") and bool(error_fields(body)[0])


def read_error(head: Head, body: Any) -> CallError:
    """Read an error in any of the formats of compatible servers."""
    data = body[0] if isinstance(body, list) and body else body
    if not isinstance(data, dict):
        return error_from_response(head, body)
    message, code, kind = error_fields(data)
    return error_from_response(
        Head(head.status if head.status >= 400 else error_status(data, code) or head.status, head.headers, head.reason),
        body,
        relayed_message(message, read_object(data, "error").get("metadata")) if message else None,
        None if code is None else str(code),
        kind,
    )


def relayed_message(message: str, about: Any) -> str:
    """Append the message of the upstream provider, if a router passes an error on."""
    raw = about.get("raw") if isinstance(about, dict) else None
    if not isinstance(raw, str) or not raw or raw in message:
        return message
    inner = parse_body(raw.encode())
    data = inner.get("error", inner) if isinstance(inner, dict) else raw
    text = data.get("message") if isinstance(data, dict) else data
    return f"{message}: {text if isinstance(text, str) and text else raw[:LONGEST_BODY]}"


def error_fields(data: Wire) -> tuple[str | None, Any, str | None]:
    """Return message, code and type, nested or at the top level."""
    error = next((value for name in CASES if (value := data.get(name))), data)
    if isinstance(error, list):
        error = error[0]
    if isinstance(error, str):
        return error, data.get("code"), read_text(data, "error_type") or None
    if not isinstance(error, dict):
        return None, None, None
    message = next((text for name in WORDS if (text := read_text(error, name))), None)
    code = next((error[name] for name in CODES if error.get(name) is not None), None)
    return message, code, read_text(error, "type") or read_text(read_object(error, "metadata"), "error_type") or None


def error_status(data: Wire, code: Any) -> int | None:
    """Return the HTTP status for an error inside a 200 response."""
    codes = (str(one) for one in (code, read_object(data, "error").get("status_code")))
    return next((int(one) for one in codes if one.isdigit() and 400 <= int(one) < 600), None)


CASES = ("error", "errors", "base_resp")
WORDS = ("message", "detail", "msg", "status_msg")
CODES = ("code", "status_code")
