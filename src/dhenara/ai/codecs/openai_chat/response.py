"""Responses: whole answers and streams of Chat Completions, read by the same functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.delta import (
    Began,
    Delta,
    Ended,
    Failed,
    FinishReason,
    LogprobsDelta,
    Terminal,
    Used,
)
from ...wire import json
from ...wire.frame import Frame
from ...wire.http import Head
from ..base import Informed, Outgoing
from ..beside import beside
from ..think_tags import opens_in_prompt
from .citations import read_citations
from .message_reader import TEXT, MessageReader
from .quirks import ChatQuirks
from .usage import read_usage

FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "end_turn": "stop",
    "eos": "stop",
    "COMPLETE": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "sensitive": "content_filter",
    "error": "error",
    "network_error": "error",
}
BESIDE = ("system_fingerprint", "service_tier", "prompt_filter_results", "search_results")


class ChatReader(Informed):
    """One answer. A whole message and a delta have one shape, so they have one reader."""

    __slots__ = ("_began", "_choices", "_ended", "_quirks", "_thinking", "_urls")

    def __init__(self, quirks: ChatQuirks) -> None:
        self._quirks = quirks
        self._began = False
        self._choices: dict[int, MessageReader] = {}
        self._ended: set[int] = set()
        self._urls: set[str] = set()
        self._thinking = False

    def asked(self, outgoing: Outgoing) -> None:
        """Whether answers begin inside of the thinking; those that are held to a schema cannot think."""
        if self._quirks.think_tags and "response_format" not in outgoing.body:
            model = str(outgoing.body.get("model") or "")
            self._thinking = opens_in_prompt(model, self._quirks.think_opened)

    def whole(self, body: Any) -> Iterator[Delta]:
        yield from self._read(body, "message")
        yield from self.finish()
        if self._ended or self._choices:
            yield Terminal()

    def frame(self, frame: Frame) -> list[Delta]:
        if frame.data == b"[DONE]":
            return [Terminal()]
        return list(self._read(json.loads(frame.data), "delta"))

    def finish(self) -> Iterator[Delta]:
        for reader in self._choices.values():
            yield from reader.finish()
        if self._quirks.terminal == "finish" and self._choices and set(self._choices) <= self._ended:
            yield Terminal()

    def _read(self, body: Any, key: str) -> Iterator[Delta]:
        if not isinstance(body, dict):
            raise ValueError(f"expected an object, got {type(body).__name__}")
        if not self._began:
            yield from self._begin(body)
        for choice in body.get("choices") or ():
            yield from self._read_choice(choice, key)
        yield from self._read_rest(body)
        if body.get("error"):
            yield Failed(stream_error(body))

    def _begin(self, body: dict[str, Any]) -> Iterator[Delta]:
        """Azure's first event names nobody; the first one that does counts."""
        if body.get("id") or body.get("model"):
            self._began = bool(body.get("id") and body.get("model"))
            yield Began(body.get("id"), body.get("model"), beside(body, BESIDE))

    def _read_choice(self, choice: dict[str, Any], key: str) -> Iterator[Delta]:
        index = choice.get("index") or 0
        message = choice.get(key) or choice.get("delta") or choice.get("message") or {}
        reader = self._choices.get(index)
        if reader is None:
            reader = self._choices[index] = MessageReader(index, self._quirks, thinking=self._thinking)
        yield from reader.read(message)
        logprobs = choice.get("logprobs")
        if logprobs and isinstance(tokens := logprobs.get("content"), list) and tokens:
            yield LogprobsDelta(tokens, index)
        if raw := choice.get("finish_reason"):
            self._ended.add(index)
            if FINISH.get(raw) == "stop":
                yield from reader.stop()
            stop = choice.get("stop_reason") or choice.get("matched_stop")
            yield Ended(FINISH.get(raw, "other"), raw, stop if isinstance(stop, str) else None, None, index)

    def _read_rest(self, body: dict[str, Any]) -> Iterator[Delta]:
        usage = body.get("usage") or (body.get("x_groq") or {}).get("usage")
        if usage:
            yield Used(read_usage(usage))
        if body.get("citations"):
            yield from read_citations(body, self._urls, TEXT)


def stream_error(body: dict[str, Any]) -> Exception:
    """An error inside an answer that began as a success."""
    from .codec import read_error

    return read_error(Head(0), body)
