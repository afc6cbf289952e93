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
RECORDED = [
    pytest.param(protocol, actual, id=f"{protocol.codec}-{number}")
    for number, (protocol, actual) in enumerate(ANSWERS)
    if actual
] or [pytest.param(None, None, marks=pytest.mark.skip(reason="the recorded traffic is not available"))]


@pytest.mark.parametrize(("protocol", "actual"), RECORDED)
def test_a_response_from_elsewhere_is_accepted_as_history_by_every_vendor(
    protocol: Recorded, actual: list[Exchange]
) -> None:
    refused: dict[tuple[str, str], str] = {}
    for exchange in actual:
        messages = history(protocol, exchange, "somewhere_else")
        for vendor in VENDORS:
            if objection := vendor.objection(messages):
                refused[exchange["id"], vendor.name] = objection
    assert refused == {}


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
@pytest.mark.parametrize(("protocol", "actual"), RECORDED)
def test_a_response_is_accepted_as_history_at_home(protocol: Recorded, actual: list[Exchange], vendor: Vendor) -> None:
    own = [e for e in actual if vendor.protocol == protocol.codec and e["provider"] == vendor.recorded]
    sent = {e["id"]: history(protocol, e, vendor.provider) for e in own if not retained_there(e)}
    assert {name: refused for name, messages in sent.items() if (refused := vendor.objection(messages))} == {}


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
