"""Reading mutated answers as the flow and its callers do."""

from __future__ import annotations

from functools import cache, partial
from random import Random
from typing import Any

from dhenara.ai.catalog.prices import price_usage
from dhenara.ai.codecs.base import Decoder
from dhenara.ai.errors import CallError, DhenaraError
from dhenara.ai.http.protocol.message import Head
from dhenara.ai.pipeline.streaming.response_reader import BufferedSource, StreamingSource
from dhenara.ai.pipeline.streaming.stream import Stream
from dhenara.ai.providers.provider import KNOWN, load_provider
from dhenara.ai.response.builder import ResponseBuilder
from dhenara.ai.response.deltas import ChunkBuilder
from dhenara.ai.response.structured import parse_structured
from dhenara.ai.types.chat.delta import Delta
from dhenara.ai.types.chat.structured import StructuredOutput
from dhenara.ai.types.content.parts import Origin
from dhenara.ai.wire.limits import DEFAULT_LIMITS
from dhenara.ai.wire.sse import Frames
from support.worlds import endpoint

ORIGIN = Origin(provider="openai", model="m", protocol="openai_chat")


class Arriving:
    """A response and its line at once: these pieces, and then the end."""

    def __init__(self, arriving: list[bytes], head: Head) -> None:
        self._pieces = [*arriving, b""]
        self.head = head
        self.limits = DEFAULT_LIMITS
        self.response = self

    async def read(self) -> bytes:
        return self._pieces.pop(0)

    async def drain(self, arrived: bytearray | None = None) -> bytes:
        return b"".join(self._pieces)

    async def close(self) -> None:
        pass

    def mark_started(self) -> None:
        pass

    def mark_complete(self) -> None:
        pass

    def with_names(self, error: CallError) -> CallError:
        return error


def finished(work: Any) -> Any:
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits")


def read_streamed(decoder: Decoder, frames: Frames, arriving: list[bytes], shape: Any = None) -> None:
    check(StreamingSource(Arriving(arriving, Head(200)), decoder, frames), shape)  # type: ignore[arg-type]


def read_whole(decoder: Decoder, body: bytes, head: Head, shape: Any = None, *, is_blob: bool = False) -> None:
    check(BufferedSource(Arriving([body], head), decoder, is_blob=is_blob), shape)  # type: ignore[arg-type]


SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "array"}}, "required": ["a"]}


def some_shape(rng: Random) -> Any:
    """Now and then the answer is to be an object."""
    return partial(parse_structured, shape=StructuredOutput(output_schema=SCHEMA)) if rng.random() < 0.2 else None


@cache
def dialects(codec: str) -> tuple[Any, ...]:
    """Every dialect of a protocol that any provider speaks."""
    actual: list[Any] = []
    for name in KNOWN:
        for route in load_provider(name).routes:
            if route.codec == codec and route.quirks not in actual:
                actual.append(route.quirks)
    return tuple(actual)


def check(source: Any, shape: Any = None) -> None:
    """Reads an answer as callers do; only typed errors may come out, and all that is shown can be written."""
    stream, chunker = Stream(source, ResponseBuilder(ORIGIN, shape=shape)), ChunkBuilder(ORIGIN)
    try:
        finished(stream.prime())
        while (batch := finished(stream.pull())) is not None:
            show(chunker, batch)
    except DhenaraError as error:
        str(error)
        repr(error)
    answer = stream.partial()
    answer.model_dump_json()
    price_usage(endpoint("http://127.0.0.1:1"), answer.usage)
    if answer.choices and answer.contents:
        answer.to_message().model_dump_json()
    result = stream.result()
    if result is not None:
        result.model_dump_json()


def show(chunker: ChunkBuilder, batch: list[Delta]) -> None:
    chunk = chunker.chunk(batch)
    if chunk is not None:
        chunk.model_dump_json()
