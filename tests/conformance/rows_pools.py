"""Connections that are used again, and those that must not be."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import anyio

from dhenara.ai.errors import ConnectionFailedError
from dhenara.ai.io.sync_io import run

from .peers import PeerConnection, hang_up, read, reset, send, serving, signal, stall, wait_for
from .probe import Probe
from .row import ASYNC, Row, chunked, head, row, sized, wait

OK = sized(b"ok")
CHAT = b'{"id":"x","model":"m","choices":[{"index":0,"message":{"content":"Hello!"},"finish_reason":"stop"}]}'
ANSWER = sized(CHAT, "content-type: application/json")


@row("calls after each other share a connection", serving(OK))
async def reused(probe: Probe) -> None:
    for _ in range(5):
        await probe.exchange()
    assert (probe.peer.connections, len(probe.peer.received)) == (1, 5)


@row("a body in chunks leaves the connection usable", serving(chunked(b"ok")))
async def reused_after_chunks(probe: Probe) -> None:
    await probe.exchange()
    await probe.exchange()
    assert probe.peer.connections == 1


@row("status 204 leaves the connection usable", serving(head(204)))
async def reused_after_204(probe: Probe) -> None:
    await probe.exchange()
    await probe.exchange()
    assert probe.peer.connections == 1


@row("an error status leaves the connection usable", serving(sized(b"{}", status=500)))
async def reused_after_500(probe: Probe) -> None:
    await probe.exchange()
    await probe.exchange()
    assert probe.peer.connections == 1


@row("connection: close is obeyed", serving(sized(b"ok", "connection: close")))
async def closes_connection(probe: Probe) -> None:
    await probe.exchange()
    await probe.exchange()
    assert probe.peer.connections == 2


@row("HTTP/1.0 closes its connection", serving(sized(b"ok").replace(b"1.1", b"1.0", 1)))
async def old_version(probe: Probe) -> None:
    await probe.exchange()
    await probe.exchange()
    assert probe.peer.connections == 2


@row("a connection that the peer closed while it rested is not used", [read, send(OK), hang_up], serving(OK))
async def closed_while_resting(probe: Probe) -> None:
    await probe.exchange()
    await probe.until(lambda: probe.peer.open_connections == 0, "the peer hung up")
    await probe.pause(0.02)
    assert (await probe.exchange()).body == b"ok"
    assert [request.connection for request in probe.peer.received] == [1, 2]


@row(
    "an answer that nobody asked for is not given to the next call",
    [read, send(OK + sized(b"foreign")), wait],
    serving(OK),
)
async def second_answer_at_once(probe: Probe) -> None:
    assert (await probe.exchange()).body == b"ok"
    assert (await probe.exchange()).body == b"ok"
    assert probe.peer.connections == 2


@row(
    "an answer that comes while the connection rests is not given to the next call",
    [read, send(OK), wait_for("late"), send(sized(b"foreign")), signal("sent"), wait],
    serving(OK),
)
async def second_answer_later(probe: Probe) -> None:
    assert (await probe.exchange()).body == b"ok"
    probe.peer.event("late").set()
    await probe.until(probe.peer.event("sent").is_set, "the peer sent it")
    await probe.pause(0.02)
    assert (await probe.exchange()).body == b"ok"


@row(
    "bytes after the end of a chunked body spoil the connection",
    [read, send(chunked(b"ok") + b"HTTP/1.1 200 OK\r\n"), wait],
    serving(OK),
)
async def bytes_after_chunks(probe: Probe) -> None:
    assert (await probe.exchange()).body == b"ok"
    assert (await probe.exchange()).body == b"ok"
    assert probe.peer.connections == 2


@row(
    "a body that is left half-read ends its connection",
    [read, send(head(200, "content-length: 100") + b"half"), stall],
    serving(OK),
)
async def half_read(probe: Probe) -> None:
    response = await probe.open()
    assert await response.read() == b"half"
    await response.close()
    await probe.until(probe.peer.left.is_set, "the peer sees the hang-up")
    assert (await probe.exchange()).body == b"ok"
    assert probe.peer.connections == 2


@row(
    "a response that is abandoned ends its connection",
    [read, send(head(200, "content-length: 100") + b"half"), stall],
    serving(OK),
)
async def abandoned(probe: Probe) -> None:
    response = await probe.open()
    assert await response.read() == b"half"
    response.abandon()
    await probe.until(probe.peer.left.is_set, "the peer sees the hang-up")


@row(
    "a response is abandoned from another thread",
    [read, send(head(200, "content-length: 100") + b"half"), stall],
    worlds=ASYNC,
)
async def abandoned_elsewhere(probe: Probe) -> None:
    response = await probe.open()
    assert await response.read() == b"half"
    thread = threading.Thread(target=response.abandon)
    thread.start()
    thread.join()
    await probe.until(probe.peer.left.is_set, "the peer sees the hang-up")


@row("a request for a connection of its own gets one", serving(OK))
async def own_connection(probe: Probe) -> None:
    await probe.exchange()
    await probe.exchange(no_replay=True)
    assert [request.connection for request in probe.peer.received] == [1, 2]


@row("after closing, nothing is open, and the transport can be used again", serving(OK))
async def used_after_close(probe: Probe) -> None:
    await probe.exchange()
    await probe.transport.close()
    await probe.until(lambda: probe.peer.open_connections == 0, "closed")
    assert (await probe.exchange()).body == b"ok"
    assert probe.peer.connections == 2


@row("a hundred calls side by side have a hundred connections", [read, wait_for("all"), send(OK), wait], worlds=ASYNC)
async def side_by_side(probe: Probe) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(100):
            group.start_soon(probe.exchange)
        await probe.until(lambda: len(probe.peer.received) == 100, "all are on their way")
        probe.peer.event("all").set()
    assert probe.peer.connections == 100


def one_exchange(probe: Probe, number: int) -> bytes:
    return run(probe.exchange(body=b"%d" % number)).body


def echo_own(connection: PeerConnection) -> bool:
    """Each thread's own body, whatever the others do meanwhile."""
    number = connection.number
    while connection.read_request():
        mine = [one for one in connection.peer.received if one.connection == number]
        connection.send(sized(mine[-1].body))
    return False


@row("threads that share a transport get their own answers", [echo_own], worlds=("sync",))
async def threads(probe: Probe) -> None:
    with ThreadPoolExecutor(8) as pool:
        actual = list(pool.map(lambda number: one_exchange(probe, number), range(200)))
    assert actual == [b"%d" % number for number in range(200)]
    assert probe.peer.connections < 50


@row("tasks that share a transport get their own answers", [echo_own], worlds=ASYNC)
async def tasks(probe: Probe) -> None:
    actual: dict[int, bytes] = {}

    async def one(number: int) -> None:
        actual[number] = (await probe.exchange(body=b"%d" % number)).body

    for start in range(0, 200, 20):
        async with anyio.create_task_group() as group:
            for number in range(start, start + 20):
                group.start_soon(one, number)
    assert actual == {number: b"%d" % number for number in range(200)}


DIES = [read, send(ANSWER), read, hang_up]


@row("a POST that a reused connection lost is sent once when there are no retries", DIES, serving(ANSWER))
async def not_sent_twice(probe: Probe) -> None:
    client = probe.client()
    await probe.generate(client)
    failed = await probe.call_failure(client, retries=0)
    assert isinstance(failed, ConnectionFailedError)
    assert (len(failed.attempts), len(probe.peer.received)) == (1, 2)


@row(
    "a POST that a reset connection lost is sent once when there are no retries",
    [read, send(ANSWER), read, reset],
    serving(ANSWER),
)
async def not_sent_twice_after_reset(probe: Probe) -> None:
    client = probe.client()
    await probe.generate(client)
    failed = await probe.call_failure(client, retries=0)
    assert (len(failed.attempts), len(probe.peer.received)) == (1, 2)


@row("with one retry it is sent again, and both attempts are recorded", DIES, serving(ANSWER))
async def sent_again_and_recorded(probe: Probe) -> None:
    client = probe.client()
    await probe.generate(client)
    answered = await probe.generate(client, retries=1)
    assert [attempt.outcome for attempt in answered.attempts] == ["failed", "answered"]
    assert len(probe.peer.received) == 3


@row("a GET that a reused connection lost is not repeated silently", [read, send(OK), read, hang_up], serving(OK))
async def get_not_repeated(probe: Probe) -> None:
    await probe.exchange("GET", body=b"")
    await probe.failure("GET", body=b"")
    assert len(probe.peer.received) == 2


@row("a new connection that dies is not tried again silently", [read, hang_up], serving(OK))
async def new_connection_dies(probe: Probe) -> None:
    await probe.failure()
    assert len(probe.peer.received) == 1


@row("a refused port is an error of the connection", serving(OK))
async def refused_port(probe: Probe) -> None:
    await probe.failure(url="http://127.0.0.1:1/")


@row("an unknown host is an error of the connection", serving(OK))
async def unknown_host(probe: Probe) -> None:
    await probe.failure(url="http://nowhere.invalid/")


ROWS: list[Row] = [value for value in list(globals().values()) if isinstance(value, Row)]
