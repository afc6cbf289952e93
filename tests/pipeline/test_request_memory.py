"""A request with large media is held as few times as its format allows."""

from __future__ import annotations

import socket
import tracemalloc

from dhenara.ai import AIModelClient
from dhenara.ai.types import ImageContent
from support.raw_server import OK, Connection, RawServer

SIZE = 6_000_000
MOST = 3.3
"""Base64 text in the body, the body as JSON, and what the JSON writer holds until it is done; each 4/3 of the bytes."""


def discard_requests(connection: Connection) -> None:
    """Answers every request without keeping its body, which would count as memory of this process too."""
    while head := read_head(connection.socket):
        before, _, body = head.partition(b"\r\n\r\n")
        left = int(before.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]) - len(body)
        while left:
            left -= len(connection.socket.recv(min(left, 65_536)))
        connection.send(OK)


def read_head(connected: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head and (data := connected.recv(4096)):
        head += data
    return head


def peak_of_a_call(client: AIModelClient, picture: ImageContent) -> int:
    """Memory of the whole process: what others allocate meanwhile counts too, such as a table of theirs that grows."""
    tracemalloc.start()
    try:
        answer = client.generate({"role": "user", "contents": ["What is this?", picture]})
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert answer.text == "Hello!"
    return peak


def test_pictures_are_not_copied_for_the_head_of_their_request() -> None:
    picture = ImageContent(data=b"\x89PNG\r\n\x1a\n" + bytes(SIZE), mime_type="image/png")
    with (
        RawServer(discard_requests) as server,
        AIModelClient("openai/m", api_key="sk-test", base_url=f"{server.url}/v1") as client,
    ):
        assert client.generate("?").text == "Hello!"
        peaks = [peak_of_a_call(client, picture) for _ in range(3)]
    assert min(peaks) < MOST * SIZE * 4 / 3
