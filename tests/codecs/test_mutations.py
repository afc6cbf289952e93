"""Recorded responses with one change: no field that a host may leave out ends a response."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

import pytest

from dhenara.ai.response.builder import ResponseBuilder
from dhenara.ai.types import ChatResponse
from dhenara.ai.wire import json
from dhenara.ai.wire.sse import Frame
from support.corpus import CORPUS, Exchange, body_bytes, seen
from support.protocols import PROTOCOLS, Recorded

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the recorded traffic is not available")
EACH = pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda p: f"{p.codec}-{p.apis[0]}")
GONE = object()
ODD = (GONE, None, "", "x", 7, [], {}, [None])
# Texts of users, and values that are passed on unchanged: no field of the protocol.
OPAQUE = frozenset({"args", "input", "arguments", "parameters", "schema", "tools", "metadata"})
SPOKEN = ("text", "reasoning", "reasoning_content", "tool_calls", "refusal")
Path = tuple[str | int, ...]


def chosen(protocol: Recorded, *, streams: bool = False) -> list[Exchange]:
    """Some answers of every shape there is, the same each time."""
    actual = protocol.exchanges(
        lambda e: e["expected"]["kind"] == "generate" and e["stream"] >= streams and len(e["response_body"]) < 40_000
    )
    random.Random(1).shuffle(actual)
    return actual[:60]


def reported(protocol: Recorded, exchange: Exchange) -> list[Frame]:
    """The events of a stream, or a body as the only one."""
    if not exchange["stream"]:
        return [Frame(body_bytes(exchange))]
    frames = protocol.load().frames()
    return [*frames.feed(body_bytes(exchange)), *frames.finish()]


def received(protocol: Recorded, exchange: Exchange, frames: list[Frame]) -> ChatResponse:
    decoder, draft = protocol.load().decoder(protocol.quirks), ResponseBuilder()
    for frame in frames:
        for delta in decoder.frame(frame) if exchange["stream"] else decoder.whole(json.loads(frame.data)):
            draft.add(delta)
    for delta in decoder.finish() if exchange["stream"] else ():
        draft.add(delta)
    return draft.response()


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value[:4]) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*path, key)
        if key not in OPAQUE:
            yield from paths(one, (*path, key))


def changed(value: Any, path: Path, new: Any) -> Any:
    whole = copy.deepcopy(value)
    place = whole
    for key in path[:-1]:
        place = place[key]
    if new is GONE:
        del place[path[-1]]
    else:
        place[path[-1]] = new
    return whole


def kind_of(event: Any, path: Path) -> Path:
    name = event.get("type", "") if isinstance(event, dict) else ""
    return (str(name), *("*" if isinstance(key, int) else key for key in path))


@EACH
def test_invalid_field_values_do_not_end_a_response(protocol: Recorded) -> None:
    known: set[tuple[Path, int]] = set()
    for exchange in chosen(protocol):
        frames = reported(protocol, exchange)
        for at, frame in enumerate(frames):
            event = json.loads(frame.data) if frame.data.startswith((b"{", b"[{")) else None
            for path in paths(event):
                for number, new in enumerate(ODD):
                    if (kind_of(event, path), number) not in known:
                        known.add((kind_of(event, path), number))
                        odd = Frame(json.dumps(changed(event, path, new)), frame.event, headers=frame.headers)
                        wrong = refused(protocol, exchange, [*frames[:at], odd, *frames[at + 1 :]])
                        # Without the field that makes it an answer, a body is refused.
                        assert wrong == "" or (len(path) <= 2 and "response in the protocol" in wrong), (path, new)


def refused(protocol: Recorded, exchange: Exchange, frames: list[Frame]) -> str:
    """Why an answer is not read; empty where it is."""
    try:
        received(protocol, exchange, frames).model_dump_json()
    except ValueError as error:
        return str(error)
    return ""


@EACH
def test_empty_events_change_nothing(protocol: Recorded) -> None:
    for exchange in chosen(protocol, streams=True):
        frames = reported(protocol, exchange)
        empty = [Frame(b"{}", "ping"), Frame(b'{"type": "keepalive"}', "keepalive")]
        noisy = [one for frame in frames for one in (*empty, frame)]
        assert seen(received(protocol, exchange, noisy)) == seen(received(protocol, exchange, frames))


@EACH
def test_missing_event_loses_only_its_own_content(protocol: Recorded) -> None:
    """What is reported of everything else is unchanged: no part of it moves into another."""
    for exchange in chosen(protocol, streams=True):
        frames = reported(protocol, exchange)
        whole = seen(received(protocol, exchange, frames))
        for at in random.Random(2).sample(range(len(frames)), min(5, len(frames))):
            less = seen(received(protocol, exchange, [*frames[:at], *frames[at + 1 :]]))
            assert all(is_within(less[name], whole[name]) for name in SPOKEN if isinstance(whole[name], str))


def is_within(less: str, whole: str) -> bool:
    """Whether these are the same letters in the same order, some of them missing."""
    letters = iter(whole)
    return all(letter in letters for letter in less)
