"""What each part of a request becomes at an endpoint, and the warnings about what is changed or left out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...types.chat.message import Message
from ...types.chat.report import CallWarning, Fingerprint, FingerprintPart, PartOutcome, Plan, PlannedPart, WarningCode
from ...types.config.call import Call
from ...types.content.media import Media, Origin, TextContent
from ...types.content.parts import Content, GenericContent, ReasoningContent
from ...wire import json
from ..base import EncodedRequest
from .response_fields import Wire


def is_own_part(content: Content, call: Call, protocol: str) -> bool:
    """Whether the part comes from this endpoint, so that its provider data is valid there.

    Parts that users create in a protocol's format have no origin; they name their protocol.
    """
    origin = content.origin
    if origin is None:
        return isinstance(content, GenericContent) and content.protocol == protocol
    return origin.protocol == protocol and origin.provider == str(call.endpoint.api.provider)


TRANSLATED = "it is converted to the format of this protocol"
UNCITED = "its text is sent without citations"


def build_plan(call: Call, encoded: EncodedRequest, target: Origin) -> Plan:
    """Return how every part of the call was converted for this target."""
    return Plan(
        provider=target.provider,
        model=target.model,
        protocol=target.protocol,
        parts=list(plan_parts(call, encoded, target.protocol)),
        warnings=[*call.journal.warnings, *encoded.warnings],
    )


def is_portability_relevant(call: Call, encoded: EncodedRequest, protocol: str) -> bool:
    """Whether any part of the call is not sent unchanged."""
    if encoded.part_outcomes:
        return True
    for message in call.messages:
        for part in message.contents:
            if part.origin is not None and not is_own_part(part, call, protocol):
                return True
    return False


def plan_parts(call: Call, encoded: EncodedRequest, protocol: str) -> Iterator[PlannedPart]:
    for place, message in enumerate(call.messages):
        for number, part in enumerate(message.contents):
            outcome, reason = encoded.part_outcomes.get(id(part)) or default_outcome(part, call, protocol)
            yield PlannedPart(
                message=place, part=number, kind=part.type, outcome=outcome, reason=reason, origin=part.origin
            )


def default_outcome(part: Content, call: Call, protocol: str) -> tuple[PartOutcome, str | None]:
    """Return the outcome of a part without a recorded decision: unchanged for its origin, converted otherwise."""
    if part.origin is None or is_own_part(part, call, protocol):
        return "verbatim", None
    return "translated", UNCITED if isinstance(part, TextContent) and part.citations else TRANSLATED


PREFIX_LENGTH = 32
MARKS = ("cache_control", "prompt_cache_breakpoint")


class PromptPrefix:
    """Incremental hash over the turns."""

    def __init__(self, system: object, tools: object) -> None:
        self._hash = hashlib.sha256(json.dumps([without_cache_marks(system), without_cache_marks(tools)]))
        self._turn = 0
        self._block = 0

    def extend(self, turns: list[Wire]) -> str:
        """Add turns and return the hash of everything so far."""
        for number in range(self._turn, len(turns)):
            blocks = turns[number]["content"]
            if number > self._turn:
                self._turn, self._block = number, 0
            for block in without_cache_marks(blocks[self._block :]):
                self._hash.update(json.dumps([turns[number]["role"], block]))
            self._block = len(blocks)
        return self._hash.hexdigest()[:PREFIX_LENGTH]


def without_cache_marks(value: Any) -> Any:
    """Remove cache markers at every depth."""
    if isinstance(value, dict):
        return {name: without_cache_marks(inner) for name, inner in value.items() if name not in MARKS}
    if isinstance(value, list):
        return [
            without_cache_marks(one) for one in value if not (isinstance(one, dict) and one.keys() == {"cachePoint"})
        ]
    return value


def drop_foreign_reasoning(message: Message, before: str, call: Call, protocol: str) -> list[Content]:
    """Remove reasoning that is bound to another prefix, because the API rejects it.

    Reasoning of another model from before prefixes were recorded is not bound.
    """
    return [
        part
        for part in message.contents
        if isinstance(part, ReasoningContent)
        and part.origin is not None
        and is_own_part(part, call, protocol)
        and part.origin.prefix != before
        and not (part.origin.prefix is None and part.origin.model != call.endpoint.ai_model.model_name)
    ]


SYSTEM = ("system", "systemInstruction", "instructions")
TURNS = ("messages", "contents", "input")
THINKING = ("thinking", "reasoning", "reasoning_effort", "output_config")
DIGEST_LENGTH = 16


def fingerprint_of(body: Wire) -> Fingerprint:
    """Hash model and reasoning settings first, because they separate caches; then tools, instructions and turns."""
    return Fingerprint(parts=[FingerprintPart(name=name, digest=digest(value)) for name, value in request_parts(body)])


def request_parts(body: Wire) -> Iterator[tuple[str, Any]]:
    yield "model", body.get("model")
    yield from ((name, body[name]) for name in THINKING if name in body)
    tools = body.get("tools") or (body.get("toolConfig") or {}).get("tools") or ()
    yield from ((f"tools[{number}]", tool) for number, tool in enumerate(tools))
    yield from (("instructions", body[name]) for name in SYSTEM if name in body)
    turns = next((body[name] for name in TURNS if isinstance(body.get(name), list)), ())
    yield from ((f"turns[{number}]", turn) for number, turn in enumerate(turns))


def digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(without_cache_marks(value))).hexdigest()[:DIGEST_LENGTH]


NO_HEADERS: Mapping[str, str] = {}
Parts = Content | Iterable[Content] | None


class WarningCollector:
    """Collects warnings without duplicates."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._text: dict[CallWarning, None] = {}
        self._part_outcomes: dict[int, tuple[PartOutcome, str]] = {}
        self._unfetched: list[Media] = []
        self._oversized: list[Media] = []
        self._stand_ins: dict[int, tuple[Media, Media]] = {}

    def unsupported(self, parameter: str, reason: str = "it was left out") -> None:
        self._add("unsupported_parameter", f"{self._provider} does not support {parameter}: {reason}", parameter)

    def unknown(self, parameter: str) -> None:
        self._add(
            "unknown_parameter", f"{parameter} is sent to {self._provider} as it is: it is not known here", parameter
        )

    def translated(self, parameter: str, how: str) -> None:
        self._add("translated_parameter", f"{parameter} was translated for {self._provider}: {how}", parameter)

    def clamped(self, parameter: str, how: str) -> None:
        self._add("clamped_parameter", f"{parameter} was changed for {self._provider}: {how}", parameter)

    def dropped(self, what: str, why: str, part: Parts = None) -> None:
        self._mark(part, "omitted", why)
        self._add("dropped_content", f"{what} was not sent to {self._provider}: {why}", None)

    def rewritten(self, what: str, how: str, part: Parts = None) -> None:
        self._mark(part, "translated", how)
        self._add("translated_content", f"{what} was converted for {self._provider}: {how}", None)

    def left_out(self, part: Content, fields: Iterable[str], owner: str) -> None:
        """Record that the part is sent without fields that only other protocols support."""
        self._mark(part, "translated", "some of its fields are left out")
        names = ", ".join(fields)
        kind = getattr(part, "type", "part")
        takes = "take" if " and " in owner else "takes"
        self._add(
            "dropped_content",
            f"{names} of a part of kind {kind!r} was not sent to {self._provider}: only {owner} {takes} this",
            names,
        )

    def omit_silently(self, part: Content, why: str) -> None:
        """Record that the part is not sent, as its own provider requires; no warning."""
        self._mark(part, "omitted", why)

    def fetch(self, part: Media) -> None:
        """Record that the part must be downloaded here, because the provider cannot fetch it."""
        self._unfetched.append(self._original_of(part))
        self._mark(part, "translated", "it is downloaded here and sent as bytes")

    def upload(self, part: Media, most: int) -> None:
        """Record that the part must be uploaded, because it is too large for the request."""
        self._oversized.append(self._original_of(part))
        self._mark(part, "translated", f"it is uploaded first, because it is too large for a request of {most} bytes")

    def mark_relayed(self, part: Media, how: str) -> None:
        """Record that the part is sent completely in another place; no warning."""
        self._mark(part, "translated", how)

    def replace_part(self, part: Media, original: Media) -> Media:
        """Record that `part` stands for `original`, so that outcomes apply to the original."""
        if part is not original:
            self._stand_ins[id(part)] = part, self._original_of(original)
        return part

    def all(self) -> tuple[CallWarning, ...]:
        return tuple(self._text)

    def build_request(
        self,
        path: str,
        body: dict[str, Any],
        headers: Mapping[str, str] = NO_HEADERS,
        stream_fields: Mapping[str, Any] | None = None,
        whole_path: str | None = None,
    ) -> EncodedRequest:
        """Build the request with all recorded warnings and outcomes."""
        return EncodedRequest(
            path,
            body,
            headers,
            tuple(self._text),
            part_outcomes=self._part_outcomes,
            unfetched=tuple(self._unfetched),
            oversized=tuple(self._oversized),
            stream_fields=stream_fields,
            whole_path=whole_path,
        )

    def _mark(self, part: Parts, outcome: PartOutcome, why: str) -> None:
        if part is not None:
            for one in (part,) if isinstance(part, Content) else part:
                self._part_outcomes[id(self._original_of(one))] = (outcome, why)

    def _original_of(self, part: Any) -> Any:
        known = self._stand_ins.get(id(part))
        return part if known is None else known[1]

    def _add(self, code: WarningCode, message: str, parameter: str | None) -> None:
        self._text[CallWarning(code=code, message=message, parameter=parameter)] = None
