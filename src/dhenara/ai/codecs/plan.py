"""The plan of a request, read off the decisions that were made while it was written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..types.part import Content, Origin
from ..types.text import TextContent
from .origin import at_home

if TYPE_CHECKING:
    from ..types.call import Call
    from ..types.plan import Fate, Plan, PlannedPart
    from .base import Outgoing

PLAINLY = "it is said plainly, in this protocol's words"
UNCITED = "its words are said; the sources it cites stay home"


def plan_of(call: Call, outgoing: Outgoing, target: Origin) -> Plan:
    """What became of every part of the call when it was written for this target."""
    from ..types.plan import Plan

    return Plan(
        provider=target.provider,
        model=target.model,
        protocol=target.protocol,
        parts=list(parts(call, outgoing, target.protocol)),
        warnings=[*call.journal.warnings, *outgoing.warnings],
    )


def travels(call: Call, outgoing: Outgoing, protocol: str) -> bool:
    """Whether anything in the call goes otherwise than verbatim."""
    return bool(outgoing.fates) or any(
        part.origin is not None and not at_home(part, call, protocol) for m in call.messages for part in m.contents
    )


def parts(call: Call, outgoing: Outgoing, protocol: str) -> Iterator[PlannedPart]:
    from ..types.plan import PlannedPart

    for place, message in enumerate(call.messages):
        for number, part in enumerate(message.contents):
            fate, reason = outgoing.fates.get(id(part)) or otherwise(part, call, protocol)
            yield PlannedPart(message=place, part=number, kind=part.type, fate=fate, reason=reason, origin=part.origin)


def otherwise(part: Content, call: Call, protocol: str) -> tuple[Fate, str | None]:
    """What nobody decided anything about is said as it is: in its own bytes at home, plainly abroad."""
    if part.origin is None or at_home(part, call, protocol):
        return "verbatim", None
    return "translated", UNCITED if isinstance(part, TextContent) and part.citations else PLAINLY
