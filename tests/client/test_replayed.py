"""Recorded answers, sent again byte by byte, as users meet them: through the client, in every world."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.codecs.base import Quirks
from dhenara.ai.testing import FakeServer, Raw, RawStream
from dhenara.ai.types import ChatResponse
from support.corpus import Exchange, body_bytes, read
from support.protocols import PROTOCOLS, Recorded
from support.worlds import World, endpoint

HOSTS = {
    "openai_chat": "openai",
    "openai_responses": "openai",
    "anthropic": "anthropic",
    "gemini": "google_ai",
    "converse": "amazon_bedrock",
    "cohere": "cohere",
}
STREAMS = {"converse": "application/vnd.amazon.eventstream"}
FEATURES = (
    *("tool_calls", "reasoning", "reasoning_signatures", "reasoning_content", "server_tools", "media"),
    *("citation_urls", "refusal", "n_choices", "logprobs", "structured-output", "image-in"),
)
EACH = 2
LARGEST = 400_000


def has(exchange: Exchange, feature: str) -> bool:
    if feature == "logprobs":
        return '"logprobs":[{' in str(exchange["response_body"]).replace(" ", "")
    return bool(exchange["expected"].get(feature)) or feature in exchange["features"]


def sampled(protocol: Recorded) -> list[Exchange]:
    """For each feature some whole answers and some streams."""
    actual = protocol.exchanges(lambda e: e["expected"]["kind"] == "generate" and len(e["response_body"]) < LARGEST)
    actual = [e for e in actual if not e["expected"].get("stream_error")]
    chosen: dict[str, Exchange] = {}
    for feature in FEATURES:
        for streams in (False, True):
            fitting = [e for e in actual if e["stream"] is streams and has(e, feature)]
            chosen.update({e["id"]: e for e in fitting[:EACH]})
    return list(chosen.values())


REPLAYS = [
    pytest.param(protocol, exchange, id=f"{protocol.codec}-{exchange['id'][-90:]}".replace("/", "."))
    for protocol in PROTOCOLS
    for exchange in sampled(protocol)
] or [pytest.param(None, None, marks=pytest.mark.skip(reason="the recorded traffic is not next to the project"))]


@pytest.mark.parametrize(("protocol", "exchange"), REPLAYS)
def test_the_client_answers_what_was_recorded(
    protocol: Recorded, exchange: Exchange, world: World, server: FakeServer
) -> None:
    client = replaying(protocol, exchange, server)
    if exchange["stream"]:
        events = world.stream(client, "?")
        answer = events[-1][1].chat_response
        assert shown(events) == answer.text()
    else:
        answer = world.run(client, "?").chat_response
    assert reported(answer) == reported(read(protocol.load(), protocol.quirks, exchange).response())
    world.close(client)


def replaying(protocol: Recorded, exchange: Exchange, server: FakeServer) -> AIModelClient:
    """A client whose server says the recorded bytes, a stream in pieces."""
    body = body_bytes(exchange)
    kind = STREAMS.get(protocol.codec, "text/event-stream") if exchange["stream"] else "application/json"
    pieces = [body[at : at + 1_500] for at in range(0, len(body), 1_500)]
    headers = {"content-type": kind}
    server.add_replies(RawStream(pieces, headers=headers) if exchange["stream"] else Raw(body, headers=headers))
    changed = {f.name: getattr(protocol.quirks, f.name) for f in fields(protocol.quirks) if f.name in MATTER}
    place = endpoint(server.url, HOSTS[protocol.codec], protocol=protocol.codec, quirks=changed)
    return AIModelClient(place)


MATTER = {"terminal", "runs_custom_tools"} - {field.name for field in fields(Quirks)}


def shown(events: list[Any]) -> str:
    """The words of the first answer, as the chunks showed them."""
    deltas = [
        delta
        for chunk, _ in events
        if chunk is not None
        for choice in chunk.data.choice_deltas
        if choice.index == 0
        for delta in choice.content_deltas
    ]
    return "".join(delta.text_delta or "" for delta in deltas if delta.type == "text")


def reported(answer: ChatResponse) -> Any:
    """Everything of an answer except its origin."""
    provided = answer.model_dump(exclude={"provider", "cost", "warnings"})
    for choice in provided["choices"]:
        for part in choice["contents"]:
            part.pop("origin")
    return provided


BLOCKED = {
    "openai_chat": {
        "id": "1",
        "choices": [{"index": 0, "finish_reason": "content_filter", "message": {"role": "assistant", "content": None}}],
    },
    "anthropic": {"id": "1", "type": "message", "role": "assistant", "content": [], "stop_reason": "refusal"},
    "openai_responses": {
        "id": "1",
        "object": "response",
        "status": "incomplete",
        "incomplete_details": {"reason": "content_filter"},
        "output": [],
    },
    "gemini": {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 4}},
    "converse": {
        "output": {"message": {"role": "assistant", "content": []}},
        "stopReason": "guardrail_intervened",
        "usage": {"inputTokens": 1, "outputTokens": 0, "totalTokens": 1},
    },
    "cohere": {"id": "1", "finish_reason": "ERROR_TOXIC", "message": {"role": "assistant", "content": []}},
}


@pytest.mark.parametrize("protocol", sorted(BLOCKED))
def test_a_blocked_response_has_the_reason(protocol: str, world: World, server: FakeServer) -> None:
    server.add_replies(Raw(json.dumps(BLOCKED[protocol]).encode()))
    client = AIModelClient(endpoint(server.url, HOSTS[protocol], protocol=protocol))
    answer = world.run(client, "?").chat_response
    assert answer.finish_reason in ("content_filter", "refusal")
    assert answer.withheld()
    assert (answer.text(), answer.interrupted) == ("", False)
    world.close(client)
