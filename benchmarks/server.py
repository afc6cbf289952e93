"""The server that everybody is measured against: a process of its own with answers that are ready to send.

    python -m benchmarks.server

With `--paced` there is a pause after each event, as between the tokens of a model. It prints its address and speaks
OpenAI Chat, OpenAI Responses, Anthropic Messages and Gemini. `GET /connections` returns how many connections were
opened, which shows whether a client keeps its own.
"""

from __future__ import annotations

import asyncio
import sys

from .answers import ANSWERS, END, STREAM_HEAD, Answers

PACE = 0.001
"""Seconds between two events of a paced stream."""
PAUSE_EVERY = 25
"""Events between two turns of the loop, so that many streams advance together."""

PATHS = {b"/messages": "anthropic", b"/responses": "responses", b":generateContent": "gemini"}
STREAMED_PATH = b":streamGenerateContent"


class Server:
    """Answers every request on a connection; counts the connections."""

    def __init__(self, pace: float | None = None) -> None:
        self._connections = 0
        self._pace = pace

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        try:
            while True:
                await self._answer(await reader.readuntil(b"\r\n\r\n"), reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = head.split(b" ", 2)[1]
        if path == b"/connections":
            count = b"%d" % self._connections
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(count), count))
        else:
            body = await reader.readexactly(content_length(head))
            answers, streamed = choose_answer(path, body)
            if streamed:
                await send_events(writer, answers.events, self._pace)
            else:
                writer.write(answers.whole)
        await writer.drain()


def content_length(head: bytes) -> int:
    lowered = head.lower()
    start = lowered.index(b"content-length:") + 15
    return int(lowered[start : lowered.index(b"\r\n", start)])


def choose_answer(path: bytes, body: bytes) -> tuple[Answers, bool]:
    """The answers of the protocol that the path belongs to, and whether they are streamed."""
    if STREAMED_PATH in path:
        return ANSWERS["gemini"], True
    protocol = next((name for part, name in PATHS.items() if part in path), "chat")
    return ANSWERS[protocol], b'"stream":true' in body or b'"stream": true' in body


async def send_events(writer: asyncio.StreamWriter, events: list[bytes], pace: float | None = None) -> None:
    """One write an event, as a provider does; a turn of the loop now and then, so that streams interleave."""
    writer.write(STREAM_HEAD)
    for number, event in enumerate(events):
        writer.write(event)
        if pace is not None or number % PAUSE_EVERY == 0:
            await writer.drain()
            await asyncio.sleep(pace or 0)
    writer.write(END)


async def main() -> None:
    pace = PACE if "--paced" in sys.argv else None
    server = await asyncio.start_server(Server(pace).serve, "127.0.0.1", 0, backlog=2048)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
