"""Processes: a forked child leaves the parent's connections alone, and programs end without a word."""

from __future__ import annotations

from functools import partial

import anyio.to_thread

from .peers import read, send, serving, stall, wait_for
from .probe import Probe
from .row import ALL, Row, head, row, sized
from .scripts import result_of, run_program

CHAT = b'{"id":"x","model":"m","choices":[{"index":0,"message":{"content":"Hello!"},"finish_reason":"stop"}]}'
ANSWER = sized(CHAT, "content-type: application/json")
EVENTS = head(200, "content-type: text/event-stream", "transfer-encoding: chunked")


def event(data: bytes) -> bytes:
    line = b"data: " + data + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(line), line)


DELTA = event(b'{"id":"x","model":"m","choices":[{"index":0,"delta":{"content":"word "}}]}')
END = event(b'{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}') + event(b"[DONE]") + b"0\r\n\r\n"

FORKED = """
import urllib.request
response = client.generate("?", streaming=True)
stream = response.stream_generator
words = [next(stream)]
child = os.fork()
if child == 0:
    {child}
    os._exit(0)
_, status = os.waitpid(child, 0)
urllib.request.urlopen(URL + "/released", data=b"", timeout=20).read()
words += list(stream)
text = words[-1][1].chat_response.text()
client.close()
print(json.dumps([os.waitstatus_to_exitcode(status), text]))
"""
CHILDREN = {
    "closes the client": "client.close()",
    "leaves the client's with": "client.__exit__(None, None, None)",
    "drops the stream": "del response, stream, words; gc.collect()",
    "closes the stream": "stream.close()",
    "ends by sys.exit": "sys.exit(0)",
    "ends the stream and makes a call of its own": 'stream.close(); client.generate("?")',
}
STREAMED = [read, send(EVENTS + DELTA), wait_for("released"), send(DELTA + END), stall]


def release(connection: object) -> bool:
    """The answers of the later connections: the parent's word that the child is over, and the child's own calls."""
    while connection.read_request():  # type: ignore[attr-defined]
        if connection.peer.received[-1].target == "/released":  # type: ignore[attr-defined]
            connection.peer.event("released").set()  # type: ignore[attr-defined]
        connection.send(ANSWER)  # type: ignore[attr-defined]
    return False


def fork_row(what: str) -> Row:
    @row(f"a forked child that {what} leaves the parent's stream alone", STREAMED, [release], worlds=("sync",))
    async def check(probe: Probe) -> None:
        program = FORKED.format(child=CHILDREN[what])
        assert result_of(run_program(program, probe.peer.url, probe.name)) == [0, "word word "]

    return check


RESTING = """
client.generate("?")
child = os.fork()
if child == 0:
    {child}
    os._exit(0)
_, status = os.waitpid(child, 0)
attempts = len(client.generate("?", retries=0).attempts)
client.close()
print(json.dumps([os.waitstatus_to_exitcode(status), attempts]))
"""


@row(
    "a forked child that closes the client leaves the parent's resting connection alone",
    serving(ANSWER),
    worlds=("sync",),
)
async def closed_in_child(probe: Probe) -> None:
    assert result_of(run_program(RESTING.format(child="client.close()"), probe.peer.url, probe.name)) == [0, 1]
    assert (probe.peer.connections, len(probe.peer.received)) == (1, 2)


@row("a forked child opens connections of its own", serving(ANSWER), worlds=("sync",))
async def own_in_child(probe: Probe) -> None:
    program = RESTING.format(child='client.generate("?", retries=0)')
    assert result_of(run_program(program, probe.peer.url, probe.name)) == [0, 1]
    assert (probe.peer.connections, len(probe.peer.received)) == (2, 3)


SYNC_ENDS = {
    "with a resting connection": 'client.generate("?")',
    "in the middle of a stream": 'stream = client.generate("?", streaming=True).stream_generator; next(stream)',
}
ASYNC_ENDS = {
    "with a resting connection": 'await client.generate_async("?")',
    "in the middle of a stream": (
        'global stream; stream = (await client.generate_async("?", streaming=True)).async_stream_generator; '
        "await anext(aiter(stream))"
    ),
}
STARTS = {
    "asyncio": "asyncio.run(main())",
    "uvloop": "import uvloop; uvloop.run(main())",
    "trio": "import trio; trio.run(main)",
}


def program_of(world: str, end: str) -> str:
    if world == "sync":
        return SYNC_ENDS[end]
    return f"async def main():\n    {ASYNC_ENDS[end]}\n{STARTS[world]}"


def exit_row(end: str, script: list[object], worlds: tuple[str, ...]) -> Row:
    @row(f"a program that ends {end} ends without a word", script, worlds=worlds)  # type: ignore[arg-type]
    async def check(probe: Probe) -> None:
        program = partial(run_program, program_of(probe.world, end), probe.peer.url, probe.name)
        finished = await anyio.to_thread.run_sync(program) if probe.is_async else program()
        assert (finished.returncode, finished.stderr) == (0, "")

    return check


ROWS: list[Row] = [value for value in list(globals().values()) if isinstance(value, Row)]
ROWS += [
    *(fork_row(what) for what in CHILDREN),
    exit_row("with a resting connection", serving(ANSWER), ("sync", "asyncio")),
    exit_row("in the middle of a stream", [read, send(EVENTS + DELTA), stall], ALL),
]
