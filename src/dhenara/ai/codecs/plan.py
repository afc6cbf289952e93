"""Plan of a request, built from the decisions that were recorded while it was encoded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..types.part import Content, Origin
from ..types.text import TextContent
from .origin import is_own_part

if TYPE_CHECKING:
    from ..types.call import Call
    from ..types.plan import Fate, Plan, PlannedPart
    from .base import EncodedRequest

TRANSLATED = "it is converted to the format of this protocol"
UNCITED = "its text is sent without citations"


def build_plan(call: Call, encoded: EncodedRequest, target: Origin) -> Plan:
    """Return how every part of the call was converted for this target."""
    from ..types.plan import Plan

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
    from ..types.plan import PlannedPart

    for place, message in enumerate(call.messages):
        for number, part in enumerate(message.contents):
            fate, reason = encoded.part_outcomes.get(id(part)) or default_outcome(part, call, protocol)
            yield PlannedPart(message=place, part=number, kind=part.type, fate=fate, reason=reason, origin=part.origin)


def default_outcome(part: Content, call: Call, protocol: str) -> tuple[Fate, str | None]:
    """Return the outcome of a part without a recorded decision: unchanged for its origin, converted otherwise."""
    if part.origin is None or is_own_part(part, call, protocol):
        return "verbatim", None
    return "translated", UNCITED if isinstance(part, TextContent) and part.citations else TRANSLATED
