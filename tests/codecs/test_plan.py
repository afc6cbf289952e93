"""The plan of a request matches the request: parts that it keeps are sent, and parts that it drops are not."""

from __future__ import annotations

import base64
import json as standard
from typing import Any

import pytest
from hypothesis import given, settings

from dhenara.ai.codecs.base import load_codec
from dhenara.ai.codecs.common.plan import build_plan
from dhenara.ai.types import (
    Call,
    Content,
    GenericContent,
    Message,
    Origin,
    Prompt,
    ReasoningContent,
    ServerToolContent,
    TextContent,
    ToolCallContent,
)
from dhenara.ai.types.chat.report import Plan
from dhenara.ai.types.content.media import Media
from dhenara.ai.wire import json
from support.calls import histories
from support.corpus import Exchange, read
from support.protocols import PROTOCOLS, Recorded
from support.thorough import examples
from support.vendors import VENDORS, Vendor

ANSWERS = [
    pytest.param(protocol, actual, id=f"{protocol.codec}-{number}")
    for number, protocol in enumerate(PROTOCOLS)
    if (actual := protocol.exchanges(lambda e: e["expected"]["kind"] == "generate")[::3])
] or [pytest.param(None, None, marks=pytest.mark.skip(reason="the recorded traffic is not available"))]


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
@pytest.mark.parametrize(("protocol", "actual"), ANSWERS)
def test_plan_matches_request(protocol: Recorded, actual: list[Exchange], vendor: Vendor) -> None:
    for exchange in actual:
        draft = read(protocol.load(), protocol.quirks, exchange)
        at_home = exchange["provider"] == vendor.recorded
        draft.origin = Origin(
            provider=vendor.provider if at_home else "somewhere_else", model="m", protocol=protocol.codec
        )
        turns = (Prompt(text="?"), draft.response().to_message(), Prompt(text="And?"))
        plan, call, sent = planned(vendor, turns)
        for part in plan.parts:
            check(call.messages[part.message].contents[part.part], part.outcome, sent)


def planned(vendor: Vendor, turns: tuple[Message, ...]) -> tuple[Plan, Call, str]:
    """The plan of the call, and every word of its request."""
    call = vendor.call(turns)
    outgoing = load_codec(vendor.protocol).encode(call, vendor.quirks)
    plan = build_plan(call, outgoing, Origin(provider=vendor.provider, model=vendor.model, protocol=vendor.protocol))
    return plan, call, "\n".join(strings(standard.loads(json.dumps(outgoing.body))))


def check(part: Content, outcome: str, sent: str) -> None:
    match part:
        case TextContent() if part.text.strip():
            assert outcome in ("verbatim", "translated")
            assert part.text in sent
        case ReasoningContent():
            own = [part.signature, part.text, part.raw_text, part.extras.get("data")]
            retained = [
                provided[:20] for provided in own if provided and len(provided) > 12
            ]  # summaries are sent part by part
            assert outcome in ("verbatim", "omitted")
            assert not retained or (outcome == "verbatim") == any(provided in sent for provided in retained)
        case ToolCallContent():
            assert outcome in ("verbatim", "translated")
            assert part.name in sent
        case Media() if part.data:
            assert (outcome != "omitted") == any(
                provided in sent for provided in (encoded(part.data), part.get_text()) if provided
            )
        case ServerToolContent() if part.id and len(part.id) > 8:
            assert (outcome == "verbatim") == (part.id in sent)


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in strings(one)]


@settings(max_examples=examples(80))
@given(turns=histories(), more=histories())
def test_requests_extend_the_bytes_of_earlier_requests(turns: tuple[Message, ...], more: tuple[Message, ...]) -> None:
    """Whatever follows: providers cache prompts from their beginning, and thinking may be bound to it."""
    answer = Message(role="assistant", contents=[TextContent(text="Yes.")])
    for vendor in VENDORS:
        earlier, later = beginning(vendor, turns), beginning(vendor, (*turns, answer, *more))
        assert later.startswith(earlier), vendor.name


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_an_empty_message_is_written_alike_whatever_is_removed_after_it(vendor: Vendor) -> None:
    question = Message(role="user", contents=[TextContent(text="0")])
    foreign = GenericContent(kind="found", data={"type": "web_search_tool_result", "content": []})
    turns = (question, Message(role="assistant", contents=[]), question)
    later = (*turns, Message(role="assistant", contents=[foreign]), question)
    assert beginning(vendor, later).startswith(beginning(vendor, turns))


def beginning(vendor: Vendor, turns: tuple[Message, ...]) -> bytes:
    """The request's bytes up to the end of its last message."""
    _, body = vendor.written(turns)
    places = [name for name in ("messages", "contents", "input") if name in body]
    names = list(body)
    head = {name: body[name] for name in names[: names.index(places[0]) + 1]}
    return json.dumps(head).removesuffix(b"]}")
