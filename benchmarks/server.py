"""The server that everybody is measured against: a process of its own with answers that are ready to send."""

from __future__ import annotations

import asyncio
import json
import sys

TOKENS = 500
PAUSE_EVERY = 25
"""Events between two turns of the loop, so that many streams advance together."""


def chat_chunk(text: str | None, finish: str | None = None) -> bytes:
    delta = {} if text is None else {"content": text}
    said = {
        "id": "chatcmpl-7eb08824",
        "object": "chat.completion.chunk",
        "created": 1770770839,
        "model": "bench",
        "system_fingerprint": "fp_f8b414701e",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
    }
    return b"data: " + json.dumps(said, separators=(",", ":")).encode() + b"\n\n"


def message_events() -> list[bytes]:
    usage = {"input_tokens": 11, "output_tokens": TOKENS}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "bench", "content": []}
    begun = {**message, "stop_reason": None, "stop_sequence": None, "usage": usage}
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " capital"}}
    told = [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *[delta] * TOKENS,
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": usage},
        {"type": "message_stop"},
    ]
    return [f"event: {e['type']}\ndata: {json.dumps(e, separators=(',', ':'))}\n\n".encode() for e in told]


CHAT_BODY = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1770770839,
        "model": "bench",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "The capital of France is Paris. " * 8, "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 11, "completion_tokens": 60, "total_tokens": 71},
    }
).encode()
MESSAGE_BODY = json.dumps(
    {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "bench",
        "content": [{"type": "text", "text": "The capital of France is Paris. " * 8}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 11, "output_tokens": 60},
    }
).encode()


def chunked(event: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(event), event)


STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
# Words vary, for one contestant takes a repeated chunk for a broken model.
WORDS = [f" word{number % 97}" for number in range(TOKENS)]
CHAT_EVENTS = [chunked(e) for e in [*map(chat_chunk, WORDS), chat_chunk(None, "stop"), b"data: [DONE]\n\n"]]
MESSAGE_EVENTS = [chunked(e) for e in message_events()]


def whole(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


CHAT, MESSAGE = whole(CHAT_BODY), whole(MESSAGE_BODY)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            lowered = head.lower()
            at = lowered.index(b"content-length:") + 15
            body = await reader.readexactly(int(lowered[at : lowered.index(b"\r\n", at)]))
            messages = b"/messages" in head
            if b'"stream":true' in body or b'"stream": true' in body:
                await stream(writer, MESSAGE_EVENTS if messages else CHAT_EVENTS)
            else:
                writer.write(MESSAGE if messages else CHAT)
                await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def stream(writer: asyncio.StreamWriter, events: list[bytes]) -> None:
    """One write an event, as a provider does; a turn of the loop now and then, so that streams interleave."""
    writer.write(STREAM_HEAD)
    for number, event in enumerate(events):
        writer.write(event)
        if number % PAUSE_EVERY == 0:
            await writer.drain()
            await asyncio.sleep(0)
    writer.write(END)
    await writer.drain()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=2048)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
