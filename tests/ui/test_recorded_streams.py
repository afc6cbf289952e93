"""Recorded streams of every protocol as events of user interfaces: well formed, complete, and valid JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from dhenara.ai.response.builder import ResponseBuilder
from dhenara.ai.response.deltas import ChunkBuilder
from dhenara.ai.types import AIModelCallResponse, ChatResponse, Origin
from dhenara.ai.ui import to_ag_ui_events, to_ui_message_stream
from support.corpus import Exchange, body_bytes
from support.protocols import PROTOCOLS, Recorded

LARGEST = 60_000
ORIGIN = Origin(provider="p", model="m", protocol="x")
Events = list[dict[str, Any]]


def recorded(protocol: Recorded) -> list[Exchange]:
    return protocol.exchanges(
        lambda one: (
            one["stream"]
            and one["expected"]["kind"] == "generate"
            and not one["expected"].get("stream_error")
            and len(one["response_body"]) < LARGEST
        )
    )


def items_in(protocol: Recorded, exchange: Exchange) -> tuple[list[tuple[Any, Any]], ChatResponse]:
    """What a stream of this answer yields, and the answer."""
    codec, builder, chunks = protocol.load(), ResponseBuilder(), ChunkBuilder(ORIGIN)
    decoder, frames = codec.decoder(protocol.quirks), codec.frames()
    items: list[tuple[Any, Any]] = []

    def batches() -> Iterator[list[Any]]:
        for frame in [*frames.feed(body_bytes(exchange)), *frames.finish()]:
            yield list(decoder.frame(frame))
        yield list(decoder.finish())

    for batch in batches():
        for delta in batch:
            builder.add(delta)
        if (chunk := chunks.chunk(batch)) is not None:
            items.append((chunk, None))
    answer = builder.response()
    return [*items, (None, AIModelCallResponse(chat_response=answer))], answer


def check_chunks(chunks: Events, answer: ChatResponse) -> None:
    """What the AI SDK requires of a stream, and that nothing of the answer is missing."""
    opened: set[tuple[str, str]] = set()
    inputs: dict[str, str] = {}
    resolved: dict[str, Any] = {}
    for chunk in chunks:
        kind, _, what = chunk["type"].rpartition("-")
        if kind in ("text", "reasoning"):
            part = (kind, chunk["id"])
            assert (part in opened) is (what != "start")
            opened = opened - {part} if what == "end" else opened | {part}
        elif chunk["type"] == "tool-input-start":
            assert chunk["toolCallId"] not in inputs
            assert chunk["toolName"]
            inputs[chunk["toolCallId"]] = ""
        elif chunk["type"] == "tool-input-delta":
            inputs[chunk["toolCallId"]] += chunk["inputTextDelta"]
        elif chunk["type"] in ("tool-input-available", "tool-input-error"):
            assert chunk["toolCallId"] in inputs
            resolved[chunk["toolCallId"]] = chunk["input"]
    assert not opened
    assert resolved.keys() == inputs.keys()
    contents = answer.choices[0].contents if answer.choices else []
    calls = [part for part in contents if part.type == "tool_call"]
    assert [resolved[one] for one in inputs if not one.startswith("server-tool-")] == [
        part.arguments if part.error is None else part.arguments_text for part in calls
    ]
    shown = "".join(chunk["delta"] for chunk in chunks if chunk["type"] == "text-delta")
    assert shown == "".join(
        part.get_text() for part in contents if part.type in ("text", "refusal", "structured_output")
    )
    urls = {one.url for part in contents for one in getattr(part, "citations", None) or () if one.url}
    assert {chunk["url"] for chunk in chunks if chunk["type"] == "source-url"} == urls


def check_events(events: Events) -> None:
    """What AG-UI requires of a run."""
    opened: set[tuple[str, str]] = set()
    for event in events:
        kind, _, what = event["type"].rpartition("_")
        if what in ("START", "END"):
            part = (kind, event.get("messageId") or event["toolCallId"])
            assert (part in opened) is (what == "END")
            opened ^= {part}
        elif what in ("CONTENT", "ARGS"):
            assert (kind, event.get("messageId") or event["toolCallId"]) in opened
    assert not opened
    assert events[-1]["type"] == "RUN_FINISHED"


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: f"{protocol.codec}-{protocol.apis[0]}")
def test_recorded_streams_are_well_formed(protocol: Recorded) -> None:
    exchanges = recorded(protocol)
    if not exchanges:
        pytest.skip("no recorded streams")
    for exchange in exchanges:
        items, answer = items_in(protocol, exchange)
        if answer.interrupted:
            continue
        chunks = list(to_ui_message_stream(iter(items)))
        events = list(to_ag_ui_events(iter(items)))
        try:
            json.dumps([chunks, events], allow_nan=False)
            check_chunks(chunks, answer)
            check_events(events)
        except (AssertionError, KeyError) as error:
            error.add_note(exchange["id"])
            raise
