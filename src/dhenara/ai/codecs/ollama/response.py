"""Responses: whole answers and streams of Ollama, read by the same function: a whole answer is one that is done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from ...errors import CallError
from ...types.delta import (
    Began,
    Delta,
    Ended,
    Failed,
    FinishReason,
    LogprobsDelta,
    MediaDelta,
    ReasoningDelta,
    Terminal,
    TextDelta,
    ToolCallDelta,
    Warned,
)
from ...types.usage import Usage
from ...types.warning import CallWarning
from ...wire import json
from ...wire.frame import Frame
from ...wire.http import Head
from ..base import Informed, Outgoing
from ..beside import beside
from ..counts import Report, number, unreadable, used
from ..failure import failure
from ..foreign import OLLAMA, not_an_answer, refuse_foreign
from ..think_tags import ThinkTags
from ..told import Wire, entries, named, section, words
from .context import was_cut

FINISH: dict[str, FinishReason] = {"stop": "stop", "length": "length"}
COUNTS = (
    *("prompt_eval_count", "eval_count", "total_duration", "load_duration"),
    *("prompt_eval_duration", "eval_duration"),
)
BESIDE = ("created_at", "remote_model", "remote_host")


class OllamaReader(Informed):
    """One answer. Knows what was asked, because a prompt that was cut shows in nothing but its length."""

    __slots__ = ("_began", "_body", "_calls", "_images", "_seed", "_tags")

    def __init__(self) -> None:
        self._began = False
        self._body: Wire = {}
        self._calls = 0
        self._images = 0
        self._seed = ""
        self._tags = ThinkTags()

    def asked(self, outgoing: Outgoing) -> None:
        self._body = outgoing.body

    def whole(self, body: Any) -> Iterator[Delta]:
        return self._read(body)

    def frame(self, frame: Frame) -> list[Delta]:
        return list(self._read(json.loads(frame.data)))

    def finish(self) -> Iterator[Delta]:
        return self._split(self._tags.finish())

    def _read(self, told: Wire) -> Iterator[Delta]:
        if not isinstance(told, dict):
            raise ValueError(f"expected an object, got {type(told).__name__}")
        if told.get("error"):
            yield Failed(read_error(Head(0), told))
            return
        if not self._began:
            refuse_foreign(told, OLLAMA)
            if not section(told, "message") and "done_reason" not in told:
                raise not_an_answer(OLLAMA)
        if not self._began:
            yield self._begin(told)
        yield from self._read_message(section(told, "message"))
        if tokens := entries(told, "logprobs"):
            yield LogprobsDelta(tokens)
        if told.get("done"):
            yield from self._end(told)

    def _begin(self, told: Wire) -> Delta:
        self._began = True
        self._seed = str(told.get("created_at") or "")
        return Began(None, named(told, "model"), beside(told, BESIDE))

    def _read_message(self, message: Wire) -> Iterator[Delta]:
        if thought := words(message, "thinking"):
            yield ReasoningDelta("thinking", thought)
        if said := words(message, "content"):
            yield from self._split(self._tags.feed(said))
        images = message.get("images")
        for image in images if isinstance(images, list) else ():
            if isinstance(image, str):
                yield MediaDelta(f"image{self._images}", "image", image)
                self._images += 1
        calls = entries(message, "tool_calls")
        if calls:
            yield from self._split(self._tags.finish())
        for call in calls:
            yield self._read_call(call)

    def _split(self, pieces: Iterable[tuple[bool, str]]) -> Iterator[Delta]:
        """Servers that know nothing of a model's thinking leave it in its words, between tags."""
        for thinking, piece in pieces:
            yield ReasoningDelta("thinking", piece) if thinking else TextDelta("text", piece)

    def _read_call(self, call: Wire) -> Delta:
        """Every call comes whole. Servers that know no ids are given ones that are the same each time."""
        function = section(call, "function")
        name, arguments = words(function, "name"), function.get("arguments")
        text = arguments if isinstance(arguments, str) else json.dumps(arguments or {}).decode()
        part, self._calls = self._calls, self._calls + 1
        given = named(call, "id") or made_id(self._seed, str(part), name, text)
        return ToolCallDelta(f"call{part}", given, name, text, verbatim=isinstance(arguments, str))

    def _end(self, told: Wire) -> Iterator[Delta]:
        yield from self.finish()
        if "prompt_eval_count" in told or "eval_count" in told:
            yield from used(read_usage(told))
        if was_cut(self._body, number(told, "prompt_eval_count")):
            yield Warned(cut_warning(self._body, number(told, "prompt_eval_count")))
        yield Ended(self._reason(told), words(told, "done_reason") or None)
        yield Terminal()

    def _reason(self, told: Wire) -> FinishReason:
        """An answer that ends before its own limit has filled the context."""
        reason = FINISH.get(words(told, "done_reason") or "stop", "other")
        if reason == "stop" and self._calls:
            return "tool_calls"
        options = self._body.get("options", {})
        size, limit = options.get("num_ctx"), options.get("num_predict", -1)
        written = number(told, "eval_count")
        full = isinstance(size, int) and number(told, "prompt_eval_count") + written >= size
        return "context_length" if reason == "length" and full and written != limit else reason


def made_id(*facts: str) -> str:
    return f"call_{hashlib.sha256(chr(0).join(facts).encode()).hexdigest()[:16]}"


def cut_warning(body: Wire, prompt_tokens: int) -> CallWarning:
    size = body["options"]["num_ctx"]
    return CallWarning(
        code="dropped_content",
        message=(
            f"the prompt seems to have been cut to fit into a context of {size} tokens: {prompt_tokens} were read. "
            "Ask for more with options={'num_ctx': ...}, or send less; with strict=True such a prompt is an error."
        ),
        parameter="num_ctx",
    )


def read_usage(report: Report) -> Usage:
    """Thinking is counted with the answer; how long everything took is kept in `raw`."""
    told = {name: report[name] for name in COUNTS if name in report}
    return Usage.made(
        input_tokens=number(report, "prompt_eval_count"),
        output_tokens=number(report, "eval_count"),
        unclear=unreadable(told),
        raw=told,
    )


def read_error(head: Head, body: Any) -> CallError:
    """`{"error": "words"}`, as a body or as a line of a stream."""
    told = body.get("error") if isinstance(body, dict) else None
    if isinstance(told, dict):
        kind = told.get("type")
        return failure(head, body, words(told, "message") or None, None, kind if isinstance(kind, str) else None)
    loose = words(body, "message") if isinstance(body, dict) else ""
    return failure(head, body, told if isinstance(told, str) else loose or None)
