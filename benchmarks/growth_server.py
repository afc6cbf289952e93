"""The server of the growth lines: the name of the model says how much is sent, such as `chunks-1000`.

    python -m benchmarks.growth_server

`text-N` streams N chunks of text, `arguments-N` a tool call with N bytes of arguments, `object-N` a JSON object of N
bytes, `held-N` one chunk and nothing more; everything else is answered with a short text.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
from collections.abc import Iterator

from .answers import ANSWERS, END, STREAM_HEAD, chat_chunk, encode_event
from .server import content_length

MODEL = re.compile(rb'"model": ?"([a-z]+)-([0-9]+)"')
PIECE = 20
"""Characters in one piece of arguments or of an object."""
AT_ONCE = 500
"""Events in one write."""


def object_text(size: int) -> str:
    """A JSON object of about this many bytes, as `benchmarks.growth.Items` describes it."""
    item = {"name": "a screwdriver", "price": 12.5}
    count = max(1, size // (len(json.dumps(item)) + 2))
    return json.dumps({"items": [item] * count})


def pieces(text: str) -> Iterator[str]:
    return (text[at : at + PIECE] for at in range(0, len(text), PIECE))


def deltas(kind: str, size: int) -> Iterator[dict[str, object]]:
    if kind == "text":
        yield from ({"content": f" word{number % 97}"} for number in range(size))
    elif kind == "object":
        yield from ({"content": piece} for piece in pieces(object_text(size)))
    else:
        yield {"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "store", "arguments": ""}}]}
        for piece in pieces(object_text(size)):
            yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}


def chunked(events: Iterator[bytes]) -> Iterator[bytes]:
    """The events as chunks of HTTP, many in one write."""
    ready: list[bytes] = []
    for event in events:
        ready.append(b"%x\r\n%s\r\n" % (len(event), event))
        if len(ready) == AT_ONCE:
            yield b"".join(ready)
            ready = []
    yield b"".join(ready)


def answer(connection: socket.socket, body: bytes) -> None:
    named = MODEL.search(body)
    kind, size = (named[1].decode(), int(named[2])) if named else ("", 0)
    if kind == "held":
        first = encode_event(chat_chunk({"content": "a"}), named=False)
        connection.sendall(STREAM_HEAD + b"%x\r\n%s\r\n" % (len(first), first))
    elif kind in ("text", "object", "arguments"):
        finish = "tool_calls" if kind == "arguments" else "stop"
        connection.sendall(STREAM_HEAD)
        for data in chunked(encode_event(chat_chunk(delta), named=False) for delta in deltas(kind, size)):
            connection.sendall(data)
        last = encode_event(chat_chunk({}, finish), named=False) + b"data: [DONE]\n\n"
        connection.sendall(b"%x\r\n%s\r\n" % (len(last), last) + END)
    else:
        connection.sendall(ANSWERS["chat"].whole)


def serve(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stream = connection.makefile("rb")
    try:
        while True:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                line = stream.readline()
                if not line:
                    return
                head += line
            answer(connection, stream.read(content_length(head)))
    except OSError:
        return  # the client hung up


def main() -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    while True:
        connection, _ = listening.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
