"""A socket and a JSON parser in C (`pydantic_core.from_json`): the least that Python can do, and no client to use.

It knows what this server sends: one event in each chunk, no error, no compression. It has no timeouts, no TLS and no
checks.
"""

import json
import socket

from pydantic_core import from_json

from .wire import BODIES, EVENT_TEXTS, PATHS, WHOLE_TEXTS, streamed_body


def encode_request(path, body):
    data = json.dumps(body).encode()
    return b"POST %s HTTP/1.1\r\nhost: bench\r\ncontent-length: %d\r\n\r\n%s" % (path.encode(), len(data), data)


def whole_text(response, read_text):
    """The text of a response, or None if it is not complete yet."""
    head, separator, body = response.partition(b"\r\n\r\n")
    if not separator or len(body) < int(head.rpartition(b"content-length: ")[2]):
        return None
    return read_text(from_json(body))


class Events:
    """Counts the characters of text in the events of a stream."""

    def __init__(self, protocol):
        self.length = 0
        self.complete = False
        self._rest = self._tail = b""
        self._read_text = EVENT_TEXTS[protocol]

    def feed(self, data):
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line.startswith(b"data: {"):
                self.length += len(self._read_text(from_json(line[6:])))
        self._tail = (self._tail + data)[-5:]
        self.complete = self._tail == b"0\r\n\r\n"


def client(url, protocol):
    host, _, port = url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)))


def call(connection, protocol):
    connection.sendall(encode_request(PATHS[protocol][0], BODIES[protocol]))
    read_text, response = WHOLE_TEXTS[protocol], b""
    while (text := whole_text(response, read_text)) is None:
        response += connection.recv(65536)
    return text


def stream(connection, protocol):
    connection.sendall(encode_request(PATHS[protocol][1], streamed_body(protocol)))
    events = Events(protocol)
    while not events.complete:
        events.feed(connection.recv(65536))
    return events.length


class Pool:
    """Idle connections of one event loop."""

    def __init__(self, url):
        host, _, port = url.removeprefix("http://").partition(":")
        self._address = host, int(port)
        self._idle = []

    async def send(self, path, body):
        import asyncio

        connection = self._idle.pop() if self._idle else await asyncio.open_connection(*self._address)
        connection[1].write(encode_request(path, body))
        return connection

    def keep(self, connection):
        self._idle.append(connection)

    async def aclose(self):
        for _, writer in self._idle:
            writer.close()
            await writer.wait_closed()


def async_client(url, protocol):
    return Pool(url)


async def acall(pool, protocol):
    connection = await pool.send(PATHS[protocol][0], BODIES[protocol])
    read_text, response = WHOLE_TEXTS[protocol], b""
    while (text := whole_text(response, read_text)) is None:
        response += await connection[0].read(65536)
    pool.keep(connection)
    return text


async def astream(pool, protocol):
    connection = await pool.send(PATHS[protocol][1], streamed_body(protocol))
    events = Events(protocol)
    while not events.complete:
        events.feed(await connection[0].read(65536))
    pool.keep(connection)
    return events.length
