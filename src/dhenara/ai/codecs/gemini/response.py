"""Responses: whole answers and streams of generateContent; every event has the shape of a whole answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.delta import Began, Delta, Ended, Failed, FinishReason, LogprobsDelta, Terminal, Used
from ...wire import json
from ...wire.frame import Frame
from ...wire.http import Head
from .candidate import Candidate
from .usage import read_usage

Wire = dict[str, Any]
STOP, LENGTH = ("STOP", "1"), ("MAX_TOKENS", "2")
FILTERED = frozenset(
    {"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "MODEL_ARMOR", "3"}
    | {"IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"}
)
FAILED = frozenset(
    {"MALFORMED_FUNCTION_CALL", "MISSING_THOUGHT_SIGNATURE", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE"}
)


class GeminiReader:
    """One answer. A reason for its end is its last word; there is no other."""

    __slots__ = ("_candidates", "_ended", "_usage")

    def __init__(self) -> None:
        self._candidates: dict[int, Candidate] = {}
        self._ended: set[int] = set()
        self._usage: Wire = {}

    def whole(self, body: Any) -> Iterator[Delta]:
        for event in body if isinstance(body, list) else [body]:
            yield from self._read(event)
        yield from self.finish()

    def frame(self, frame: Frame) -> list[Delta]:
        return list(self._read(json.loads(frame.data)))

    def finish(self) -> Iterator[Delta]:
        """Sources come with byte offsets into the whole text, so they are told when all of it is known."""
        for candidate in self._candidates.values():
            yield from candidate.finish()
        if self._ended and set(self._candidates) <= self._ended:
            yield Terminal()

    def _read(self, event: Wire) -> Iterator[Delta]:
        if event.get("error"):
            yield Failed(failed(event))
            return
        if event.get("responseId") or event.get("modelVersion"):
            yield Began(event.get("responseId"), event.get("modelVersion"))
        for candidate in event.get("candidates") or ():
            yield from self._candidate(candidate)
        if event.get("usageMetadata"):
            self._usage.update({name: value for name, value in event["usageMetadata"].items() if value is not None})
            yield Used(read_usage(self._usage))
        feedback = event.get("promptFeedback") or {}
        if feedback.get("blockReason"):
            self._ended.add(0)
            reason = str(feedback["blockReason"])
            told = feedback.get("blockReasonMessage") or f"the prompt was blocked: {reason}"
            yield Ended("content_filter", reason, message=told)

    def _candidate(self, told: Wire) -> Iterator[Delta]:
        index = told.get("index") or 0
        candidate = self._candidates.get(index)
        if candidate is None:
            candidate = self._candidates[index] = Candidate(index)
        yield from candidate.read(told)
        if chosen := (told.get("logprobsResult") or {}).get("chosenCandidates"):
            yield LogprobsDelta([probability(one) for one in chosen], index)
        if told.get("finishReason"):
            self._ended.add(index)
            raw = str(told["finishReason"])
            yield Ended(reason(raw, called=candidate.called), raw, message=told.get("finishMessage"), choice=index)


def reason(raw: str, *, called: bool) -> FinishReason:
    """A turn that ends with calls stops like any other; who asks wants to know of the calls."""
    if raw in STOP:
        return "tool_calls" if called else "stop"
    if raw in LENGTH:
        return "length"
    if raw in FILTERED:
        return "content_filter"
    return "error" if raw in FAILED else "other"


def probability(chosen: Wire) -> Wire:
    return {"token": chosen.get("token", ""), "logprob": chosen.get("logProbability"), "top_logprobs": []}


def failed(event: Wire) -> Exception:
    from .codec import read_error

    return read_error(Head(0), event)
