"""Responses: whole answers and streams of generateContent; every event has the shape of a whole answer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from ...types.delta import Began, Delta, Ended, Failed, FinishReason, LogprobsDelta, Terminal
from ...wire import json
from ...wire.frame import Frame
from ...wire.http import Head
from ..beside import beside
from ..counts import used
from ..foreign import GEMINI, not_an_answer, refuse_foreign
from ..told import Wire, entries, named, place, section, words
from .candidate import Candidate
from .usage import read_usage

BESIDE = ("groundingMetadata", "urlContextMetadata", "safetyRatings")
LAST = b"[DONE]"
# What shows that an event is one of this protocol.
KNOWN = frozenset({"candidates", "promptFeedback", "modelVersion", "responseId", "error", "message"})
STOP, LENGTH = "STOP", "MAX_TOKENS"
FILTERED = frozenset(
    {"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "MODEL_ARMOR"}
    | {"IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "JAILBREAK"}
)
FAILED = frozenset(
    {"MALFORMED_FUNCTION_CALL", "MISSING_THOUGHT_SIGNATURE", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE"}
    | {"TOO_MANY_TOOL_CALLS", "NO_IMAGE", "IMAGE_OTHER"}
)
# Vertex may tell its enums as their numbers.
NUMBERED = (
    *("", STOP, LENGTH, "SAFETY", "RECITATION", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"),
    *("MALFORMED_FUNCTION_CALL", "MODEL_ARMOR"),
)


class GeminiReader:
    """One answer. A reason for its end is its last word; there is no other."""

    __slots__ = ("_candidates", "_ended", "_seen", "_usage")

    def __init__(self) -> None:
        self._candidates: dict[int, Candidate] = {}
        self._ended: set[int] = set()
        self._seen = False
        self._usage: Wire = {}

    def whole(self, body: Any) -> Iterator[Delta]:
        for event in body if isinstance(body, list) else [body]:
            yield from self._read(event)
        yield from self.finish()
        if not self._seen:
            raise not_an_answer(GEMINI)

    def frame(self, frame: Frame) -> list[Delta]:
        """Some gateways end a stream as those of OpenAI do."""
        data = frame.data.strip()
        event = json.loads(data) if data and data != LAST else None
        return [delta for one in (event if isinstance(event, list) else [event]) for delta in self._read(one)]

    def finish(self) -> Iterator[Delta]:
        """Sources come with byte offsets into the whole text, so they are told when all of it is known."""
        for candidate in self._candidates.values():
            yield from candidate.finish()
        if self._ended and set(self._candidates) <= self._ended:
            yield Terminal()

    def _read(self, event: Wire | None) -> Iterator[Delta]:
        if event is None:
            return
        refuse_foreign(event, GEMINI)
        self._seen = self._seen or any(event.get(name) for name in KNOWN)
        if event.get("error") or (event.get("message") and "candidates" not in event):
            yield Failed(failed(event))
            return
        if event.get("responseId") or event.get("modelVersion"):
            yield Began(named(event, "responseId"), named(event, "modelVersion"))
        for candidate in entries(event, "candidates"):
            yield from self._candidate(candidate)
        if usage := section(event, "usageMetadata"):
            self._usage.update({name: value for name, value in usage.items() if value is not None})
            yield from used(read_usage(self._usage))
        feedback = section(event, "promptFeedback")
        if feedback.get("blockReason"):
            self._ended.add(0)
            reason = str(feedback["blockReason"])
            told = words(feedback, "blockReasonMessage") or f"the prompt was blocked: {reason}"
            yield Ended("content_filter", reason, message=told)

    def _candidate(self, told: Wire) -> Iterator[Delta]:
        index = place(told, "index")
        candidate = self._candidates.get(index)
        if candidate is None:
            candidate = self._candidates[index] = Candidate(index)
        yield from candidate.read(told)
        if extras := beside(told, BESIDE):
            yield Began(extras=extras)
        probable = section(told, "logprobsResult")
        if chosen := entries(probable, "chosenCandidates"):
            others = [entries(top, "candidates") for top in entries(probable, "topCandidates")]
            tokens = [probability(*pair) for pair in zip_longest(chosen, others[: len(chosen)])]
            yield LogprobsDelta(tokens, index)
        if told.get("finishReason"):
            self._ended.add(index)
            raw = str(told["finishReason"])
            why = reason(raw, called=candidate.called)
            yield Ended(why, raw, message=words(told, "finishMessage") or None, choice=index)


def reason(raw: str, *, called: bool) -> FinishReason:
    """A turn that ends with calls stops like any other; who asks wants to know of the calls."""
    name = NUMBERED[int(raw)] if raw.isdigit() and int(raw) < len(NUMBERED) else raw
    if name == STOP:
        return "tool_calls" if called else "stop"
    if name == LENGTH:
        return "length"
    if name in FILTERED:
        return "content_filter"
    return "error" if name in FAILED else "other"


def probability(chosen: Wire, others: list[Wire] | None) -> Wire:
    """A token in OpenAI's shape, with those that might have stood in its place."""
    return {**as_token(chosen), "top_logprobs": [as_token(other) for other in others or ()]}


def as_token(told: Wire) -> Wire:
    return {"token": words(told, "token"), "logprob": told.get("logProbability")}


def failed(event: Wire) -> Exception:
    from .codec import read_error

    return read_error(Head(0), event)
