"""What is fuzzed: every decoder as the flow uses it, every error reader, the framings and the HTTP reader."""

from __future__ import annotations

import gzip
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from dhenara.ai.codecs.base import MALFORMED, load_codec
from dhenara.ai.codecs.operations.batches import index_of
from dhenara.ai.errors import CallError
from dhenara.ai.http.protocol.body import GzipDecompressor
from dhenara.ai.http.protocol.http1 import Http1Reader
from dhenara.ai.http.protocol.message import Head
from dhenara.ai.pipeline.operations.batch_items import checked
from dhenara.ai.pipeline.streaming.structured_output import OutputToolDecoder
from dhenara.ai.providers.provider import KNOWN, load_provider
from dhenara.ai.wire import json as wire
from dhenara.ai.wire.eventstream import EventStreamFrames
from dhenara.ai.wire.sse import BrokenFraming, Frames, NdjsonFrames, SseFrames
from fuzz.mutations import (
    mutated_body,
    mutated_bytes,
    mutated_events,
    mutated_json,
    mutated_lines,
    pieces,
    written,
)
from fuzz.reading import dialects, read_streamed, read_whole, some_shape
from support.corpus import CORPUS, Exchange, body_bytes, load
from support.protocols import PROTOCOLS, Recorded

LARGEST = 24_000
"""Larger recordings take longer and have the same shapes."""

# Which recorded APIs the decoders of operations read.
OPERATIONS = {
    "anthropic.batches": ("anthropic-batches",),
    "anthropic.count_tokens": ("anthropic-count-tokens",),
    "cohere.embeddings": ("cohere-embed",),
    "converse.rerank": ("rerank",),
    "deepgram.transcription": ("transcription",),
    "gemini.batches": ("batches", "gemini-batches"),
    "gemini.embeddings": ("gemini-embeddings",),
    "gemini.files": ("files",),
    "openai_rest.batches": ("batches",),
    "openai_rest.xai_batches": ("batches",),
    "openai_rest.embeddings": ("embeddings",),
    "openai_rest.files": ("files",),
    "openai_rest.images": ("images",),
    "openai_rest.moderations": ("moderations",),
    "openai_rest.ocr": ("ocr",),
    "openai_rest.rerank": ("rerank",),
    "openai_rest.speech": ("speech",),
    "openai_rest.transcription": ("transcription",),
    "vertex.embeddings": ("vertex-predict",),
    "vertex.imagen": ("vertex-predict",),
}
Attempt = Callable[[Random], None]
"""One mutated input, made and read. Whatever it raises is a fault."""


@dataclass(frozen=True)
class Target:
    name: str
    attempt: Attempt


def for_protocol(protocol: Recorded) -> Target | None:
    actual = [e for e in protocol.exchanges(lambda e: e["status"] < 400) if len(e["response_body"]) < LARGEST]
    if not actual:
        return None
    codec = protocol.load()
    change = mutated_events if isinstance(codec.frames(), EventStreamFrames) else mutated_lines
    if protocol.framing is not None:
        change = mutated_events

    def attempt(rng: Random) -> None:
        exchange = rng.choice(actual)
        quirks = protocol.quirks if rng.random() < 0.5 else rng.choice(dialects(protocol.codec))
        decoder, body, shape = codec.decoder(quirks), body_bytes(exchange), some_shape(rng)
        if rng.random() < 0.1:
            decoder = OutputToolDecoder(decoder, "weather")
        if exchange["stream"]:
            read_streamed(decoder, codec.frames(), pieces(change(body, rng), rng), shape)
        else:
            read_whole(decoder, mutated_body(body, rng), Head(200, {"content-type": "application/json"}), shape)

    return Target(f"{protocol.codec}-{protocol.apis[0]}", attempt)


# There are no recordings of Ollama's own protocol: these are as its documentation has them.
OLLAMA = (
    b'{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"Hi"},"done":false}\n'
    b'{"model":"m","message":{"role":"assistant","content":"",'
    b'"tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]},"done":false}\n'
    b'{"model":"m","message":{"role":"assistant","content":"","thinking":"x"},"done":true,"done_reason":"stop",'
    b'"prompt_eval_count":11,"eval_count":7,"total_duration":5}\n'
)


def for_ollama() -> Target:
    quirks = next(route.quirks for route in load_provider("ollama").routes if route.codec == "ollama")
    codec = load_codec("ollama")

    def attempt(rng: Random) -> None:
        if rng.random() < 0.7:
            read_streamed(codec.decoder(quirks), codec.frames(), pieces(mutated_lines(OLLAMA, rng), rng))
        else:
            body = mutated_body(OLLAMA.splitlines()[-1], rng)
            read_whole(codec.decoder(quirks), body, Head(200, {"content-type": "application/json"}))

    return Target("ollama", attempt)


@cache
def recorded(apis: tuple[str, ...], *, refused: bool = False) -> tuple[Exchange, ...]:
    return tuple(
        exchange
        for file in sorted(CORPUS.glob("*.jsonl.gz"))
        for exchange in load(file.name)
        if exchange["api"] in apis
        and (exchange["status"] >= 400) == refused
        and not exchange["stream"]
        and len(exchange["response_body"] or "") < LARGEST
    )


@cache
def operation_quirks() -> dict[str, Any]:
    actual: dict[str, Any] = {}
    for name in KNOWN:
        for route in load_provider(name).operations:
            actual.setdefault(route.codec, route.quirks)
    return actual


def for_operation(name: str, apis: tuple[str, ...]) -> Target | None:
    actual = recorded(apis)
    codec, quirks = load_codec(name), operation_quirks().get(name)
    if not actual:
        return None

    def attempt(rng: Random) -> None:
        body = mutated_body(body_bytes(rng.choice(actual)), rng)
        is_blob = name in ("openai_rest.transcription", "openai_rest.speech")
        head = Head(200, {"content-type": rng.choice(("application/json", "text/plain", "audio/mpeg"))})
        read_whole(codec.decoder(quirks), body, head, is_blob=is_blob and rng.random() < 0.7)

    return Target(name, attempt)


# A result of a batch as each vendor tells it.
RESULTS: dict[str, Any] = {
    "openai_rest.batches": {"custom_id": "0", "response": {"status_code": 200, "body": {"id": "x"}}, "error": None},
    "openai_rest.mistral_batches": {
        "custom_id": "0",
        "response": {"status_code": 400, "body": {"error": {"message": "no"}}},
    },
    "openai_rest.xai_batches": {
        "batch_request_id": "0",
        "batch_result": {"response": {"chat_get_completion": {"id": "x"}}, "error": {"code": 3, "message": "no"}},
    },
    "anthropic.batches": {
        "custom_id": "0",
        "result": {"type": "errored", "error": {"type": "error", "error": {"type": "api_error", "message": "no"}}},
    },
    "gemini.batches": {"key": "0", "metadata": {"custom_id": "0"}, "error": {"code": 3, "message": "no"}},
}


def for_results() -> Target:
    def attempt(rng: Random) -> None:
        name = rng.choice(list(RESULTS))
        codec = load_codec(name)
        try:
            reported = wire.loads(written(mutated_json(RESULTS[name], rng), rng))
            entry = checked(codec.entry(reported, 0))  # type: ignore[attr-defined]  # a BatchCodec
        except MALFORMED:
            return
        index_of(entry.key)
        if entry.is_error or entry.body is None:
            str(load_codec("openai_chat").error(Head(entry.status), wire.dumps(entry.body)))

    return Target("results", attempt)


def for_errors() -> Target:
    actual = [
        (protocol, exchange) for protocol in PROTOCOLS for exchange in protocol.exchanges(lambda e: e["status"] >= 400)
    ]

    def attempt(rng: Random) -> None:
        protocol, exchange = rng.choice(actual)
        error = protocol.load().error(
            Head(rng.choice((0, 200, 400, 401, 404, 429, 500, 529, exchange["status"])), {"retry-after": "1e999"}),
            mutated_body(body_bytes(exchange), rng),
        )
        if not isinstance(error, CallError):
            raise TypeError(f"{error!r} is no CallError")
        str(error)

    return Target("errors", attempt)


def framed(frames: Callable[[], Frames], data: bytes, rng: Random) -> None:
    reader = frames()
    try:
        for piece in pieces(data, rng):
            reader.feed(piece)
        reader.finish()
    except BrokenFraming as error:
        str(error)


def for_framing(name: str, frames: Callable[[], Frames], seeds: list[bytes]) -> Target:
    return Target(name, lambda rng: framed(frames, mutated_bytes(rng.choice(seeds), rng), rng))


def for_http(seeds: list[bytes]) -> Target:
    heads = (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nx-size: %d\r\nset-cookie: a=b\r\nset-cookie: c=d\r\n\r\n",
    )
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n%x;a=b\r\n%s\r\n0\r\nx-trailer: 1\r\n\r\n"

    def attempt(rng: Random) -> None:
        body = rng.choice(seeds)[:2000]
        whole = chunked % (len(body), body) if rng.random() < 0.5 else rng.choice(heads) % len(body) + body
        damaged = mutated_bytes(whole[: whole.find(b"\r\n\r\n") + 40], rng) + whole[whole.find(b"\r\n\r\n") + 40 :]
        reader = Http1Reader(rng.choice(("POST", "GET", "HEAD")))
        try:
            for piece in pieces(damaged, rng):
                reader.feed(piece)
                reader.take()
            reader.eof()
            reader.take()
        except BrokenFraming as error:
            str(error)

    return Target("http1", attempt)


def for_gzip(seeds: list[bytes]) -> Target:
    packed = [gzip.compress(seed[:4000], mtime=0) for seed in seeds[:20]]

    def attempt(rng: Random) -> None:
        reader = GzipDecompressor()
        try:
            for piece in pieces(mutated_bytes(rng.choice(packed), rng), rng):
                reader.feed(piece)
            reader.finish()
        except BrokenFraming as error:
            str(error)

    return Target("gzip", attempt)


@cache
def targets() -> tuple[Target, ...]:
    """Everything that is fuzzed, in the same order each time."""
    streams = {
        kind: [
            body_bytes(e)
            for protocol in PROTOCOLS
            if isinstance(protocol.load().frames(), kind)
            for e in protocol.exchanges(lambda e: e["stream"])
            if len(e["response_body"]) < LARGEST
        ]
        for kind in (SseFrames, EventStreamFrames)
    }
    actual = [for_protocol(protocol) for protocol in PROTOCOLS]
    actual += [for_ollama(), *(for_operation(name, apis) for name, apis in OPERATIONS.items()), for_errors()]
    actual.append(for_results())
    actual += [
        for_framing("sse", SseFrames, streams[SseFrames]),
        for_framing("ndjson", NdjsonFrames, [OLLAMA]),
        for_framing("eventstream", EventStreamFrames, streams[EventStreamFrames]),
        for_http(streams[SseFrames]),
        for_gzip(streams[SseFrames]),
    ]
    return tuple(target for target in actual if target is not None)


def attempt(number: int) -> str | None:
    """Reads the input of this number; what is wrong, or None. The same number is the same input."""
    rng = Random(number)
    every = targets()
    target = every[number % len(every)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            target.attempt(rng)
    except Exception as error:  # noqa: BLE001  # whatever is raised is the finding
        return f"{number} {target.name}: {type(error).__name__}: {str(error)[:300]}"
    return None
