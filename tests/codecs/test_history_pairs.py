"""Every recorded response of every protocol is history that each vendor's types and rules accept."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai.types import Message, Origin, Prompt, ToolCallContent, ToolResultContent
from support.corpus import Exchange, read
from support.protocols import PROTOCOLS, Recorded
from support.vendors import VENDORS, Vendor

ANSWERS: list[tuple[Recorded, list[Exchange]]] = [
    (protocol, protocol.exchanges(lambda e: e["expected"]["kind"] == "generate")) for protocol in PROTOCOLS
]
PAIRS = [
    pytest.param(protocol, actual, vendor, id=f"{protocol.codec}-{number}-{vendor.name}")
    for number, (protocol, actual) in enumerate(ANSWERS)
    for vendor in VENDORS
    if actual
] or [pytest.param(None, None, None, marks=pytest.mark.skip(reason="the recorded traffic is not available"))]


@pytest.mark.parametrize(("protocol", "actual", "vendor"), PAIRS)
@pytest.mark.parametrize("at_home", [False, True], ids=["abroad", "at-home"])
def test_response_is_accepted_as_history_by_vendor(
    protocol: Recorded, actual: list[Exchange], vendor: Vendor, at_home: bool
) -> None:
    if at_home:
        actual = [e for e in actual if vendor.protocol == protocol.codec and e["provider"] == vendor.recorded]
        actual = [e for e in actual if not retained_there(e)]
    provider = vendor.provider if at_home else "somewhere_else"
    refused = {e["id"]: provided for e in actual if (provided := vendor.objection(history(protocol, e, provider)))}
    assert refused == {}


def retained_there(exchange: Exchange) -> bool:
    """Whether the host stored the answer: then ids alone are enough, which no rule can see in a request."""
    return '"store":true' in str(exchange["response_body"]).replace(" ", "")


def history(protocol: Recorded, exchange: Exchange, provider: str) -> tuple[Message, ...]:
    """The recorded answer with a question before it, results for its calls, and another question."""
    draft = read(protocol.load(), protocol.quirks, exchange)
    draft.origin = Origin(provider=provider, model=draft.response().model or "m", protocol=protocol.codec)
    answer: Any = draft.response()
    results = [
        ToolResultContent(call_id=part.id, name=part.name, output="done")
        for part in answer.contents
        if isinstance(part, ToolCallContent)
    ]
    return (
        Prompt(text="?"),
        Message(role="assistant", contents=answer.contents),
        *([Message(role="tool", contents=results)] if results else []),
        Prompt(text="And?"),
    )
