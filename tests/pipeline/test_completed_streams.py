"""A completed response is streamed like any other."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai import AIModelClient, CompletedStream, Layer, Send, Stream
from dhenara.ai.errors import BrokenStreamError
from dhenara.ai.io.sync_io import run
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall, stall_before_head
from dhenara.ai.types import Call, ChatResponse, ChatResponseChoice, Origin, ReasoningContent, TextContent
from support.worlds import World, endpoint

RICH = Answer(text="Hello!", tool_calls=(FakeToolCall("look", {"at": "it"}),), finish="tool_calls")


class Replay:
    """Asks once, and gives that answer ever after."""

    def __init__(self) -> None:
        self.retained: ChatResponse | None = None
        self.ended: list[bool] = []

    def bind(self, io: Any, target: Any) -> Layer:
        async def layer(call: Call, send: Send) -> Stream:
            stream = CompletedStream(self.retained, target.origin) if self.retained else await send(call)

            async def ended(stream: Stream) -> None:
                self.retained = self.retained or stream.partial()
                self.ended.append(stream.complete)

            stream.on_end(ended)
            return stream

        return layer


def test_streamed_and_complete_responses_are_equal(world: World, server: FakeServer) -> None:
    server.add_replies(RICH)
    replay = Replay()
    client = AIModelClient(endpoint(server.url), layers=[replay])
    first = world.run(client, "?").chat_response
    again = world.run(client, "?").chat_response
    *chunks, (_, final) = world.stream(client, "?")
    assert again == first == final.chat_response
    assert "".join(chunk.text_delta for chunk, _ in chunks) == "Hello!"
    assert replay.ended == [True] * 3
    world.close(client)


def test_a_replayed_interrupted_response_raises_a_broken_stream(world: World, server: FakeServer) -> None:
    replay = Replay()
    replay.retained = ChatResponse(
        choices=[{"contents": [ReasoningContent(text="hm"), TextContent(text="Hel")]}],  # type: ignore[list-item]
        interrupted=True,
    )
    client = AIModelClient(endpoint(server.url), layers=[replay])
    with pytest.raises(BrokenStreamError):
        world.run(client, "?")
    assert replay.ended == [False]
    world.close(client)


@pytest.mark.parametrize("end", ["close", "abandon"])
def test_a_stream_that_nobody_read_has_the_response_and_ends_once(end: str) -> None:
    response = ChatResponse(choices=[ChatResponseChoice(contents=[TextContent(text="Hello!")])])
    origin, ended = Origin(provider="p", model="m", protocol="openai_chat"), list[bool]()
    stream = CompletedStream(response, origin)

    async def hook(stream: Stream) -> None:
        ended.append(stream.complete)

    stream.on_end(hook)
    if end == "close":
        run(stream.close())
    else:
        stream.abandon()
    assert stream.partial() is response
    assert stream.origin is origin
    assert (stream.result(), stream.error, stream.take(), run(stream.pull())) == (None, None, None, None)
    assert ended == [True]


@pytest.mark.parametrize("end", ["response", "close"])
def test_a_stream_that_a_layer_read_or_closed_is_complete_for_its_reader(end: str, world: World) -> None:
    response = ChatResponse(choices=[ChatResponseChoice(contents=[TextContent(text="Hello!")])])

    async def answer(call: Call, send: Send) -> Stream:
        stream = CompletedStream(response)
        await getattr(stream, end)()
        return stream

    client = AIModelClient(endpoint("http://localhost:9"), layers=[answer])
    ((chunk, final),) = world.stream(client, "?")
    assert chunk is None
    assert final.chat_response is response
    world.close(client)


def test_texts_are_collected_from_the_start() -> None:
    stream = CompletedStream(ChatResponse(choices=[ChatResponseChoice(contents=[TextContent(text="Hello!")])]))
    stream.collect_texts()
    assert stream.complete
    while run(stream.pull()) is not None:
        pass
    assert stream.take_texts() == ["Hello!"]


def test_a_hook_that_fails_does_not_silence_the_others(server: FakeServer) -> None:
    import asyncio

    received: list[str] = []

    async def layer(call: Call, send: Send) -> Stream:
        stream = CompletedStream(ChatResponse())

        async def failing(stream: Stream) -> None:
            received.append("failing")
            raise RuntimeError("a hook of the user's")

        async def hearing(stream: Stream) -> None:
            received.append("hearing")

        stream.on_end(failing)
        stream.on_end(hearing)
        return stream

    server.add_replies(stall_before_head())
    client = AIModelClient(endpoint(server.url), layers=[layer])
    with pytest.raises(RuntimeError, match="a hook of the user"):
        asyncio.run(client.generate_async("?"))
    assert received == ["failing", "hearing"]


def test_a_layer_may_wait_for_the_first_content_of_a_completed_response() -> None:
    answer = ChatResponse(choices=[ChatResponseChoice(contents=[TextContent(text="Hello!")])])
    stream = CompletedStream(answer)
    assert stream.take_texts() == []
    run(stream.prime())
    assert run(stream.response()) == answer
    assert stream.complete


@pytest.mark.parametrize("provider", ["openai", "anthropic", "google_ai"])
def test_chunks_and_the_response_share_no_parts_of_the_usage(provider: str, world: World, server: FakeServer) -> None:
    """Also where they come from a complete response."""
    server.add_replies(RICH)
    replay = Replay()
    client = AIModelClient(endpoint(server.url, provider), layers=[replay])
    for _ in range(2):
        *chunks, (_, final) = world.stream(client, "?")
        answer = final.chat_response
        expected = answer.model_dump_json()
        reported = [chunk.data.usage for chunk, _ in chunks if chunk.data.usage is not None]
        assert reported
        assert reported[-1].raw == answer.usage.raw != {}
        for usage in reported:
            for table in (usage.raw, usage.units, usage.options, usage.server_tool_requests):
                for value in table.values():
                    if isinstance(value, dict):
                        value["changed"] = 1
                table["changed"] = 1
        assert answer.model_dump_json() == expected
        assert "changed" not in str(answer.usage.raw)
    world.close(client)
