"""What each field of a reply changes of what is sent, and what the server knows of its connections."""

from __future__ import annotations

import gzip
import http.client
import json
from types import SimpleNamespace
from typing import Any

import pytest

from dhenara.ai.testing import Answer, CutReply, FakeServer, GzippedReply, MangledReply, Raw, RawStream, Refusal
from dhenara.ai.testing.answer import HangUp, Reset, Send, Stall, Step, Wait
from dhenara.ai.testing.server import ServerExchange

CHAT: Any = SimpleNamespace(path="/v1/chat/completions", json={"model": "m", "messages": []})


def sent(steps: list[Step]) -> bytes:
    return b"".join(step.data for step in steps if isinstance(step, Send))


def test_a_raw_stream_has_its_status_headers_and_pauses() -> None:
    steps = list(RawStream([b"one", b"two"], 0.25, 429, {"x-team": "a"}).steps(CHAT))
    assert steps[1::2] == [Wait(0.25), Wait(0.25), Send(b"0\r\n\r\n")]
    head, _, rest = sent(steps).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 429 ")
    assert b"x-team: a" in head
    assert rest == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
    assert not any(isinstance(step, Wait) for step in RawStream([b"one"]).steps(CHAT))


def test_a_refusal_has_its_kind_code_and_headers() -> None:
    head, _, body = sent(list(Refusal(429, "slow", "mine", "c1", {"retry-after": "3"}).steps(CHAT))).partition(
        b"\r\n\r\n"
    )
    assert head.startswith(b"HTTP/1.1 429 ")
    assert b"retry-after: 3" in head
    error = json.loads(body)["error"]
    assert (error["message"], error["type"], error["code"]) == ("slow", "mine", "c1")


@pytest.mark.parametrize("end", [Reset(), HangUp(), Stall()], ids=lambda end: type(end).__name__)
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_cut_reply_ends_after_as_many_writes_in_the_given_way(after: int, end: Step) -> None:
    steps = list(CutReply(RawStream([b"one", b"two"]), after, end).steps(CHAT))
    assert (len([step for step in steps if isinstance(step, Send)]), steps[-1]) == (after, end)


def test_a_mangled_reply_changes_each_write() -> None:
    steps = MangledReply(RawStream([b"one"], 0.1), lambda data: data.replace(b"o", b"0")).steps(CHAT)
    assert b"0ne" in sent(list(steps))


def test_a_gzipped_reply_keeps_status_and_headers() -> None:
    reply = GzippedReply(Raw(b"text", 201, {"x-team": "a"}))
    head, _, body = sent(list(reply.steps(CHAT))).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 201 ")
    assert (b"x-team: a" in head, b"content-encoding: gzip" in head) == (True, True)
    assert gzip.decompress(body) == b"text"


def test_a_test_waits_no_longer_than_it_says_for_a_client_that_leaves() -> None:
    exchange = ServerExchange("GET", "/", {}, b"", 1)
    assert exchange.wait_left(0.001) is False
    exchange.mark_left()
    assert exchange.wait_left(0.001) is True


def post(server: FakeServer, body: Any) -> int:
    host, port = server.url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port))
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(body))
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize(("strict", "status"), [(True, 400), (False, 200)])
def test_a_strict_server_refuses_what_the_vendor_would(strict: bool, status: int) -> None:
    result = {"role": "tool", "tool_call_id": "absent", "content": "x"}
    with FakeServer(Answer(text="Hi"), strict=strict) as server:
        assert post(server, {"model": "m", "messages": [result]}) == status


def test_connections_that_ended_are_not_open() -> None:
    with FakeServer(Answer(text="Hi"), Answer(text="Hi")) as server:
        post(server, {"model": "m", "messages": []})
        post(server, {"model": "m", "messages": []})
    assert (server.connections, server.open_connections) == (2, 0)
