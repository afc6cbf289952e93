"""Responses: complete and streamed; every event has the format of a complete response."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

from ...errors import CallError, QuotaError, RateLimitError
from ...http.protocol.message import Head
from ...types.chat.delta import Delta, ErrorDelta, FinishDelta, FinishReason, LogprobsDelta, ResponseStart, StreamEnd
from ...wire import json
from ...wire.sse import Frame
from ..common.response_fields import (
    Wire,
    read_extras,
    read_index,
    read_name,
    read_object,
    read_objects,
    read_text,
    usage_deltas,
)
from ..error_mapping import GEMINI, error_from_response, missing_response, refuse_foreign, retry_after
from .response_parts import CandidateReader, read_usage

SINGLE_FEE = re.compile(r"gemini-[12]\b")
"""Models whose grounded answers are billed once; newer ones are billed for each search."""


def grounded_searches(model: str, queries: Iterable[list[str]]) -> int:
    """Return the web searches of an answer that are billed; empty queries are not."""
    searches = sum(1 for some in queries for query in some if query)
    return min(searches, 1) if SINGLE_FEE.search(model) else searches


def uses_maps(grounding: Wire) -> bool:
    """Whether an answer uses places on Google Maps, which are billed once for an answer."""
    return any("maps" in source for source in read_objects(grounding, "groundingChunks"))


EXTRA_FIELDS = ("groundingMetadata", "urlContextMetadata", "safetyRatings")
# Fields that a candidate may have besides its content.
MORE = frozenset({*EXTRA_FIELDS, "logprobsResult", "citationMetadata"})
REST = MORE | {"finishReason"}
LAST = b"[DONE]"
# Fields of events without candidates.
OTHER = frozenset({"error", "promptFeedback", "message"})
# What shows that an event is one of this protocol.
KNOWN = frozenset({"candidates", "promptFeedback", "modelVersion", "responseId", "error"})
STOP, LENGTH = "STOP", "MAX_TOKENS"
FILTERED = frozenset(
    {"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "MODEL_ARMOR"}
    | {"IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "JAILBREAK"}
)
FAILED = frozenset(
    {"MALFORMED_FUNCTION_CALL", "MISSING_THOUGHT_SIGNATURE", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE"}
    | {"TOO_MANY_TOOL_CALLS", "NO_IMAGE", "IMAGE_OTHER"}
)
# Vertex may send enums as numbers.
NUMBERED = (
    *("", STOP, LENGTH, "SAFETY", "RECITATION", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"),
    *("MALFORMED_FUNCTION_CALL", "MODEL_ARMOR"),
)


class GeminiReader:
    """Decodes one response. The finish reason is the only end marker."""

    __slots__ = (
        *("_candidates", "_counted", "_ended", "_maps", "_model", "_named", "_queries", "_report", "_seen"),
        "_usage",
    )

    def __init__(self) -> None:
        self._candidates: dict[int, CandidateReader] = {}
        self._ended: set[int] = set()
        self._seen = False
        self._usage: Wire = {}
        self._report: Any = None
        """The token counts as last sent."""
        self._counted = True
        """Whether the usage so far has been emitted."""
        self._named: tuple[Any, Any] = (None, None)
        """Id and model as last sent; events repeat them."""
        self._model = ""
        self._maps = False
        self._queries: dict[int, list[str]] = {}
        """Web searches by candidate; events repeat them."""

    def whole(self, body: Any) -> list[Delta]:
        deltas: list[Delta] = []
        for event in body if isinstance(body, list) else [body]:
            deltas += self._read(event)
        deltas += self.finish()
        if not self._seen:
            raise missing_response(GEMINI)
        return deltas

    def frame(self, frame: Frame) -> Sequence[Delta]:
        """Decode an event; some gateways end a stream with OpenAI's [DONE]."""
        data = frame.data
        if data[:1] == b"{":
            event = json.loads(data)
            return self._usual_text(event) or self._read(event)
        data = data.strip()
        event = json.loads(data) if data and data != LAST else None
        return [delta for one in (event if isinstance(event, list) else [event]) for delta in self._read(one)]

    def finish(self) -> list[Delta]:
        """Emit the citations at the end, because their byte offsets refer to the whole text."""
        deltas: list[Delta] = []
        for candidate in self._candidates.values():
            deltas += candidate.finish()
        if not self._counted:
            deltas += self._count()
        if self._ended and self._candidates.keys() <= self._ended:
            deltas.append(StreamEnd())
        return deltas

    def _usual_text(self, event: Wire) -> Sequence[Delta] | None:
        """Return the text of an event that has nothing else that is new; None for an event that `_read` has to read."""
        try:
            (candidate,) = event["candidates"]
            (part,) = candidate["content"]["parts"]
            text, index = part["text"], candidate.get("index", 0)
            reader = self._candidates[index]
        except (LookupError, TypeError, ValueError):
            return None
        if (
            text.__class__ is not str
            or index.__class__ is not int
            or len(part) != 1
            or (event.get("responseId"), event.get("modelVersion")) != self._named
            or not (REST.isdisjoint(candidate) and OTHER.isdisjoint(event))
        ):
            return None
        if (usage := event.get("usageMetadata")) != self._report:
            if not usage or not self._usage:
                return None
            self._report = usage
            self._add_usage(usage)
        return (reader.add_text(text, "text", None),)

    def _read(self, event: Wire | None) -> list[Delta]:
        if event is None:
            return []
        candidates = event.get("candidates")
        if not candidates:
            self._check_other(event)
        else:
            self._seen = True
        is_other = not OTHER.isdisjoint(event)
        if is_other and (event.get("error") or ("candidates" not in event and read_text(event, "message"))):
            return [ErrorDelta(stream_error(event))]
        deltas: list[Delta] = []
        named = event.get("responseId"), event.get("modelVersion")
        if named != self._named:
            self._named = named
            deltas += self._begin(event)
        ended = len(self._ended)
        for candidate in candidates if candidates is not None and candidates.__class__ is list else (candidates,):
            if candidate is not None and candidate.__class__ is dict:
                deltas += self._candidate(candidate)
        first = not self._usage
        if (usage := event.get("usageMetadata")) and usage != self._report:
            self._report = usage
            self._add_usage(usage)
        if is_other and event.get("promptFeedback"):
            deltas += self._blocked(read_object(event, "promptFeedback"))
        if not self._counted and (first or not candidates or len(self._ended) > ended):
            deltas += self._count()
        return deltas

    def _check_other(self, event: Wire) -> None:
        """Check an event without candidates."""
        refuse_foreign(event, GEMINI)
        self._seen = self._seen or any(event.get(name) for name in KNOWN) or bool(read_text(event, "message"))

    def _begin(self, event: Wire) -> Sequence[Delta]:
        self._model = read_text(event, "modelVersion") or self._model
        if event.get("responseId") or event.get("modelVersion"):
            return (ResponseStart(read_name(event, "responseId"), read_name(event, "modelVersion")),)
        return ()

    def _candidate(self, data: Wire) -> list[Delta]:
        index = data.get("index")
        if index is None or index.__class__ is not int:
            index = read_index(data, "index")
        if index not in self._candidates:
            self._candidates[index] = CandidateReader(index)
        candidate = self._candidates[index]
        deltas = candidate.read(data)
        if not REST.isdisjoint(data):
            if not MORE.isdisjoint(data):
                candidate.add_sources(data)
                deltas += self._read_more(data, index)
            if data.get("finishReason"):
                self._ended.add(index)
                deltas.append(finish_delta(data, index, called=candidate.called))
        return deltas

    def _read_more(self, data: Wire, index: int) -> Iterator[Delta]:
        """Read sources and ratings of a candidate, and probabilities of its tokens."""
        if extras := read_extras(data, EXTRA_FIELDS):
            yield ResponseStart(extras=extras)
        probable = read_object(data, "logprobsResult")
        if chosen := read_objects(probable, "chosenCandidates"):
            others = [read_objects(top, "candidates") for top in read_objects(probable, "topCandidates")]
            tokens = [logprob_entry(*pair) for pair in zip_longest(chosen, others[: len(chosen)])]
            yield LogprobsDelta(tokens, index)
        if data.get("groundingMetadata"):
            self._counted = False
            self._maps = self._maps or uses_maps(read_object(data, "groundingMetadata"))
            if queries := read_object(data, "groundingMetadata").get("webSearchQueries"):
                self._queries[index] = queries if isinstance(queries, list) else [str(queries)]

    def _blocked(self, feedback: Wire) -> Iterator[Delta]:
        """Read why the prompt was refused."""
        if feedback.get("blockReason"):
            self._ended.add(0)
            reason = str(feedback["blockReason"])
            data = read_text(feedback, "blockReasonMessage") or f"the prompt was blocked: {reason}"
            yield FinishDelta("content_filter", reason, message=data)

    def _add_usage(self, report: Any) -> None:
        """Keep the counts. Nearly every event has new ones; they are read at first, and when an answer ends."""
        if isinstance(report, dict):
            if None in report.values():
                report = {name: value for name, value in report.items() if value is not None}
            self._usage.update(report)
            self._counted = False

    def _count(self) -> Sequence[Delta]:
        """Emit the usage so far, unless that was done."""
        if not self._usage or self._counted:
            return ()
        self._counted = True
        searches = grounded_searches(self._model, self._queries.values()) if self._queries else 0
        return usage_deltas(read_usage(self._usage, searches, maps=int(self._maps)))


def finish_delta(candidate: Wire, index: int, *, called: bool) -> FinishDelta:
    """Return the end of a candidate."""
    raw = str(candidate["finishReason"])
    message = read_text(candidate, "finishMessage") or None
    return FinishDelta(finish_reason(raw, called=called), raw, message=message, choice=index)


def finish_reason(raw: str, *, called: bool) -> FinishReason:
    """Convert the finish reason; the API reports "stop" for a turn that ends with tool calls."""
    name = NUMBERED[int(raw)] if raw.isdigit() and int(raw) < len(NUMBERED) else raw
    if name == STOP:
        return "tool_calls" if called else "stop"
    if name == LENGTH:
        return "length"
    if name in FILTERED:
        return "content_filter"
    return "error" if name in FAILED else "other"


def logprob_entry(chosen: Wire, others: list[Wire] | None) -> Wire:
    """Convert a token and its alternatives to OpenAI's format."""
    return {**as_token(chosen), "top_logprobs": [as_token(other) for other in others or ()]}


def as_token(data: Wire) -> Wire:
    return {"token": read_text(data, "token"), "logprob": data.get("logProbability")}


def stream_error(event: Wire) -> Exception:
    return read_error(Head(0), event)


SECONDS = re.compile(r"([0-9.]+)s")


def read_error(head: Head, body: Any) -> CallError:
    """Read `{"error": {"code", "message", "status", "details"}}`, alone or in a list."""
    data = body[0] if isinstance(body, list) and body else body
    error = data.get("error") if isinstance(data, dict) else None
    if not isinstance(error, dict):
        # Gateways use their own error format.
        loose = error if isinstance(error, str) else read_text(data, "message") if isinstance(data, dict) else ""
        return error_from_response(head, body, loose or None)
    code, status = error.get("code"), error.get("status")
    call_error = error_from_response(
        Head(head.status or (code if isinstance(code, int) else 0), head.headers),
        body,
        read_text(error, "message") or None,
        None if code is None else str(code),
        status if isinstance(status, str) else None,
    )
    wait = retry_delay(error.get("details"))
    if wait is None:
        return call_error
    call_error.retry_after = wait
    # "You exceeded your current quota" with a retry delay is a rate limit, not an empty account.
    return as_rate_limit(call_error) if type(call_error) is QuotaError else call_error


def as_rate_limit(error: CallError) -> CallError:
    return RateLimitError(
        error.message,
        status=error.status,
        request_id=error.request_id,
        provider_code=error.provider_code,
        provider_type=error.provider_type,
        retry_after=error.retry_after,
        body=error.body,
    )


def retry_delay(details: Any) -> float | None:
    """Return the retry delay from the error details."""
    for detail in details if isinstance(details, list) else ():
        text = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(text, str) and (match := SECONDS.fullmatch(text)):
            return retry_after({"retry-after": match[1]})
    return None
