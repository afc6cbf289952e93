"""How a request was encoded: plan and origin of its parts, hashes of prompt prefixes, and fingerprints."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from ...types.chat.message import Message
from ...types.chat.report import Fate, Fingerprint, FingerprintPart, Plan, PlannedPart
from ...types.config.call import Call
from ...types.content.base import Origin, TextContent
from ...types.content.parts import Content, GenericContent, ReasoningContent
from ...wire import json
from ..base import EncodedRequest
from .fields import Wire


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
    return bool(encoded.part_outcomes) or any(
        part.origin is not None and not is_own_part(part, call, protocol) for m in call.messages for part in m.contents
    )


def plan_parts(call: Call, encoded: EncodedRequest, protocol: str) -> Iterator[PlannedPart]:
    for place, message in enumerate(call.messages):
        for number, part in enumerate(message.contents):
            fate, reason = encoded.part_outcomes.get(id(part)) or default_outcome(part, call, protocol)
            yield PlannedPart(message=place, part=number, kind=part.type, fate=fate, reason=reason, origin=part.origin)


def default_outcome(part: Content, call: Call, protocol: str) -> tuple[Fate, str | None]:
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
