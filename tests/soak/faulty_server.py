"""A provider in a process of its own: answers in OpenAI's protocol, with faults at a given rate.

`python -m soak.faulty_server RATE` prints its port and serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import random
import sys

WORDS = 12
PAUSE = 0.02
DELTA = b'data: {"id":"x","model":"m","choices":[{"index":0,"delta":{"content":"word "}}]}\n\n'
END = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
BODY = b'{"id":"x","model":"m","choices":[{"index":0,"message":{"content":"Hello!"},"finish_reason":"stop"}]}'
EVENTS = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
WHOLE = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(BODY), BODY)
FAILED = b"HTTP/1.1 503 No\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
FAULTS = ("503", "cut", "reset", "silent hang-up", "damaged")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


class Server:
    """Serves connections; `rate` of the answers are faults."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._random = random.Random(7)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client hung up
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; whether another may follow."""
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        size = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        streams = b'"stream":true' in (await reader.readexactly(size)).replace(b" ", b"")
        if self._random.random() < self._rate:
            return await self._fault(writer, self._random.choice(FAULTS))
        if not streams:
            writer.write(WHOLE)
        else:
            await self._words(writer, WORDS)
            writer.write(chunk(END) + b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _words(self, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(EVENTS)
        for _ in range(number):
            writer.write(chunk(DELTA))
            await writer.drain()
            await asyncio.sleep(PAUSE)

    async def _fault(self, writer: asyncio.StreamWriter, fault: str) -> bool:
        if fault == "503":
            writer.write(FAILED)
            await writer.drain()
            return True
        if fault in ("cut", "damaged", "reset"):
            await self._words(writer, 3)
        if fault == "damaged":
            writer.write(b"no chunk\r\n")
            await writer.drain()
        if fault == "reset":
            writer.transport.abort()
        return False


async def main(rate: float) -> None:
    listening = await asyncio.start_server(Server(rate).serve, "127.0.0.1", 0, backlog=4096)
    sys.stdout.write(f"{listening.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
