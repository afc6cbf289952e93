"""Streams that go on when the browser leaves: reading them again, stopping them from elsewhere, and their stores."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, FakeToolCall
from dhenara.ai.ui import (
    MemoryUIStreams,
    ResumableStreams,
    UIStreamStore,
    to_ag_ui_events,
    to_ui_message_stream,
    ui_response,
)
from support.redis_server import RedisProcess
from support.worlds import endpoint

STORES = ("memory", "redis")


@pytest.fixture(params=STORES)
def make_store(request: pytest.FixtureRequest) -> Callable[[], UIStreamStore]:
    """A function that makes a store; those of Redis share one server, as those of several processes do."""
    if request.param == "memory":
        stored = MemoryUIStreams()
        return lambda: stored
    pytest.importorskip("redis")
    from ai_utilities.storage.redis_ui_streams import RedisUIStreams

    server: RedisProcess = request.getfixturevalue("redis_process")
    return lambda: RedisUIStreams(server.url)


def run(work: Callable[[], Awaitable[Any]], seconds: float = 250) -> Any:
    async def main() -> Any:
        return await asyncio.wait_for(work(), seconds)

    return asyncio.run(main())


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    while not condition():
        await asyncio.sleep(0.001)


async def close(store: Any, *streams: ResumableStreams) -> None:
    """Wait for what the streams still write, and close the connections of the store."""
    for one in streams:
        await one.aclose()
    if hasattr(store, "aclose"):
        await store.aclose()


def chunks(text: str) -> list[dict[str, Any]]:
    """The messages of server-sent events."""
    return [json.loads(line[6:]) for line in text.split("\n\n") if line.startswith("data: {")]


class Pieces:
    """An async iterator of pieces of text, which come when they are let go."""

    def __init__(self, *pieces: str) -> None:
        self._pieces = pieces
        self.go = asyncio.Semaphore(0)
        self.begun = self.closed = False

    async def stream(self) -> AsyncIterator[str]:
        self.begun = True
        try:
            for piece in self._pieces:
                await self.go.acquire()
                yield piece
        finally:
            self.closed = True


def test_a_page_that_is_loaded_again_gets_all_events_from_the_start(make_store: Callable[[], UIStreamStore]) -> None:
    async def main() -> None:
        first, second = make_store(), make_store()
        pieces = Pieces("Hello", " there", "!")
        one, other = ResumableStreams(first), ResumableStreams(second)
        left = await one.start("chat", to_ui_message_stream(pieces.stream(), message_id="m"))
        pieces.go.release()
        lines = left.sse_async()
        seen = [await anext(lines) for _ in range(4)]
        await lines.aclose()  # type: ignore[attr-defined]  # the browser left
        again = await other.resume("chat")
        assert again is not None
        assert again.headers["x-vercel-ai-ui-message-stream"] == "v1"
        reading = asyncio.ensure_future(collect(again.sse_async()))
        pieces.go.release()
        pieces.go.release()
        text = await reading
        assert text.startswith("".join(seen))
        assert "".join(chunk.get("delta", "") for chunk in chunks(text)) == "Hello there!"
        assert text.endswith("data: [DONE]\n\n")
        assert await one.resume("chat") is None
        assert await other.resume("chat") is None
        assert not await one.stop("chat")
        await close(first, one)
        await close(second, other)

    run(main)


async def collect(lines: AsyncIterator[str]) -> str:
    return "".join([line async for line in lines])


@pytest.mark.parametrize("protocol", ["ai_sdk", "ag_ui"])
def test_stop_from_another_connection_ends_the_run(
    make_store: Callable[[], UIStreamStore], server: FakeServer, protocol: str
) -> None:
    server.add_replies(Answer(text="Hm.", tool_calls=(FakeToolCall("wait", {}, "c1"),)))
    ended: list[Any] = []

    async def main() -> None:
        started = asyncio.Event()

        async def wait() -> str:
            """Waits."""
            started.set()
            await asyncio.sleep(300)
            return "late"

        stores = make_store(), make_store()
        async with AIModelClient(endpoint(server.url)) as client:
            run = client.run_streaming_async("?", tools=[wait], on_end=ended.append)
            to = to_ui_message_stream if protocol == "ai_sdk" else to_ag_ui_events
            here, elsewhere = ResumableStreams(stores[0]), ResumableStreams(stores[1])
            stored = await here.start("chat", to(run))
            reading = asyncio.ensure_future(collect(stored.sse_async()))
            await started.wait()
            assert await elsewhere.stop("chat")
            text = await reading
            types = [chunk["type"] for chunk in chunks(text)]
            assert types[-1] == ("finish" if protocol == "ai_sdk" else "RUN_FINISHED")
            assert text.endswith("data: [DONE]\n\n") is (protocol == "ai_sdk")
        await close(stores[0], here)
        await close(stores[1], elsewhere)

    run(main)
    assert [run.stopped for run in ended] == ["interrupted"]


def test_a_new_stream_of_an_id_stops_the_one_before(make_store: Callable[[], UIStreamStore]) -> None:
    async def main() -> None:
        store = make_store()
        streams = ResumableStreams(store)
        old, new = Pieces("old", "never"), Pieces("new")
        before = await streams.start("chat", to_ui_message_stream(old.stream()))
        old.go.release()
        reading = asyncio.ensure_future(collect(before.sse_async()))
        await until(lambda: old.begun)
        after = await streams.start("chat", to_ui_message_stream(new.stream()))
        assert old.closed
        new.go.release()
        assert "never" not in await reading
        assert '"new"' in await collect(after.sse_async())
        await close(store, streams)

    run(main)


def test_sync_streams_and_errors_are_stored(make_store: Callable[[], UIStreamStore], server: FakeServer) -> None:
    server.add_replies(CutReply(DialectReply(Answer(text="Hello there, how are you?")), after=4))

    async def main() -> None:
        store = make_store()
        with AIModelClient(endpoint(server.url)) as client:
            streams = ResumableStreams(store)
            stored = await streams.start("chat", to_ui_message_stream(client.run_streaming("?")))
            types = [chunk["type"] for chunk in chunks(await collect(stored.sse_async()))]
        assert types[0] == "start"
        assert types[-2:] == ["error", "finish-step"] or "error" in types
        assert types[-1] == "finish"
        await close(store, streams)

    run(main)


def test_a_sync_stream_stops_after_the_piece_that_is_being_read() -> None:
    go, reading, closed = threading.Event(), threading.Event(), threading.Event()

    def pieces() -> Iterator[str]:
        try:
            yield "Hello"
            reading.set()
            go.wait(250)
            yield " there"
            yield "never"
        finally:
            closed.set()

    async def main() -> None:
        streams = ResumableStreams()
        stream = await streams.start("chat", to_ui_message_stream(pieces()))
        collecting = asyncio.ensure_future(collect(stream.sse_async()))
        await until(reading.is_set)
        stopping = asyncio.ensure_future(streams.stop("chat"))
        await asyncio.sleep(0)
        go.set()
        assert await stopping
        assert closed.is_set()
        assert "never" not in await collecting

    run(main)


class FullStore(MemoryUIStreams):
    """A store that takes only some events."""

    room = 3

    async def append(self, key: str, line: str) -> None:
        if not self.room:
            raise OSError("the store is full")
        self.room -= 1
        await super().append(key, line)


def test_a_store_that_fails_ends_the_stream_and_its_request(caplog: pytest.LogCaptureFixture) -> None:
    pieces = Pieces("Hello", " there")

    async def main() -> None:
        streams = ResumableStreams(FullStore())
        stream = await streams.start("chat", to_ui_message_stream(pieces.stream()))
        pieces.go.release()
        assert len(chunks(await collect(stream.sse_async()))) == 3
        await streams.aclose()
        assert pieces.closed

    run(main)
    assert "the store is full" in caplog.text


def test_the_end_of_the_application_stops_its_streams(make_store: Callable[[], UIStreamStore]) -> None:
    async def main() -> None:
        store = make_store()
        streams = ResumableStreams(store)
        pieces = Pieces("Hello", "never")
        stored = await streams.start("chat", to_ui_message_stream(pieces.stream()))
        pieces.go.release()
        reading = asyncio.ensure_future(collect(stored.sse_async()))
        while not pieces.go.locked():
            await asyncio.sleep(0)
        await streams.aclose()
        assert pieces.closed
        assert [chunk["type"] for chunk in chunks(await reading)][-1] == "finish"
        assert await streams.resume("chat") is None
        await close(store, streams)

    run(main)


def test_a_response_that_is_left_does_not_stop_a_stored_stream(server: FakeServer) -> None:
    pytest.importorskip("starlette")
    scope = {"type": "http", "asgi": {"spec_version": "2.4"}, "method": "POST", "path": "/", "headers": []}

    async def main() -> None:
        streams, pieces = ResumableStreams(), Pieces("Hello", " there")
        stored = await streams.start("chat", to_ui_message_stream(pieces.stream()))
        sent: list[Any] = []

        async def receive() -> dict[str, str]:
            while not any(b"Hello" in message.get("body", b"") for message in sent):
                await asyncio.sleep(0.001)
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        pieces.go.release()
        await ui_response(stored)(scope, receive, send)
        assert not pieces.closed
        again = await streams.resume("chat")
        assert again is not None
        pieces.go.release()
        assert '" there"' in await collect(again.sse_async())
        sent.clear()
        await ui_response(await streams.resume("chat"))(scope, receive, send)
        assert (sent[0]["status"], sent[1]["body"]) == (204, b"")

    run(main)


@pytest.fixture
def redis_process(tmp_path: Any) -> Iterator[RedisProcess]:
    import shutil

    if shutil.which("redis-server") is None:
        pytest.skip("needs redis-server")
    process = RedisProcess(tmp_path)
    process.start()
    yield process
    process.close()


def test_a_stream_whose_process_died_ends_for_its_readers(
    redis_process: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis_ui_streams = pytest.importorskip("ai_utilities.storage.redis_ui_streams")
    monkeypatch.setattr(redis_ui_streams, "WAIT_SECONDS", 0.2)

    async def main() -> None:
        store = redis_ui_streams.RedisUIStreams(redis_process.url)
        key = await store.begin("chat", {})
        await store.append(key, "data: {}\n\n")
        stored = await ResumableStreams(store).resume("chat")
        assert stored is not None
        await store._redis.delete(store._name("alive", key))  # as it ends when nobody renews it
        assert await collect(stored.sse_async()) == "data: {}\n\n"
        assert await ResumableStreams(store).resume("chat") is None
        await store.aclose()

    run(main)


def test_a_store_in_memory_forgets_a_stream_some_time_after_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dhenara.ai.ui.resumption.REMAINING_SECONDS", 0.0)

    async def main() -> None:
        store = MemoryUIStreams()
        key = await store.begin("chat", {"x": "1"})
        await store.append(key, "data: a\n\n")
        assert await store.find("chat") == (key, {"x": "1"})
        await store.end(key)
        assert await store.find("chat") is None
        while (await store.read(key, ""))[0]:
            await asyncio.sleep(0)
        assert await store.read(key, "1") == ((), "1", True)
        await store.ask_to_stop(key)

    run(main)


def test_an_async_stream_that_its_reader_leaves_closes_its_source() -> None:
    async def main() -> None:
        pieces = Pieces("Hello", "never")
        pieces.go.release()
        lines = to_ui_message_stream(pieces.stream()).sse_async()
        while "Hello" not in await anext(lines):
            pass
        await lines.aclose()  # type: ignore[attr-defined]  # a generator
        assert pieces.closed

    run(main)
