"""`text_stream` of calls, conversations and runs, and the names that responses, streams, runs and turns share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from dhenara.ai import AIModelClient
from dhenara.ai.conversation import Turn
from dhenara.ai.errors import BadRequestError, BrokenStreamError, ConfigurationError
from dhenara.ai.testing import (
    Answer,
    CutReply,
    DialectReply,
    FakeServer,
    FakeToolCall,
    FakeUsage,
    HangUp,
    Raw,
    Refusal,
    Stall,
)
from dhenara.ai.types import (
    AIModelCallResponse,
    BatchItem,
    ChatModelCostData,
    ChatResponse,
    ChatResponseChoice,
    ImageResponse,
    ReasoningContent,
    RefusalContent,
    Run,
    Step,
    Text,
    TextContent,
    Usage,
)
from support.worlds import World, endpoint

PROVIDED = "It is warm in Paris."
HELLO = Answer(text=PROVIDED, usage=FakeUsage(12, 5))
PRICES = ChatModelCostData(input_token_cost_per_million=Decimal(1), output_token_cost_per_million=Decimal(2))


class City(BaseModel):
    name: str


def clock() -> str:
    """The time."""
    return "noon"


@pytest.fixture
def client(server: FakeServer) -> Iterator[AIModelClient]:
    with AIModelClient(endpoint(server.url).model_copy(update={"cost_data": PRICES})) as client:
        yield client


def opened(world: World, client: AIModelClient, kind: str, read: Callable[[Any], Any]) -> Any:
    """What `read` returns for the text stream of a call, a conversation or a run, in this world."""
    talk = client.conversation()
    if world.name == "blocking":
        return read(
            {
                "call": lambda: client.generate("Hi", streaming=True),
                "conversation": lambda: talk.stream("Hi"),
                "run": lambda: client.run_streaming("Hi", tools=[clock]),
            }[kind]().text_stream
        )

    async def start() -> Any:
        if kind == "call":
            return await client.generate_async("Hi", streaming=True)
        if kind == "conversation":
            return await talk.stream_async("Hi")
        return client.run_streaming_async("Hi", tools=[clock])

    async def whole() -> Any:
        return await read((await start()).text_stream)

    return world.start(whole)  # type: ignore[union-attr]  # the blocking world was handled above


def drained(stream: Any) -> Any:
    """The pieces of a stream, and the stream."""
    if hasattr(stream, "__anext__"):

        async def drain() -> Any:
            return [piece async for piece in stream], stream

        return drain()
    return list(stream), stream


def until_broken(stream: Any) -> Any:
    """The pieces of a stream before it breaks with an error that has the attempts, and the stream."""
    received: list[str] = []
    if hasattr(stream, "__anext__"):

        async def drain() -> Any:
            with pytest.raises(BrokenStreamError) as broken:
                [received.append(piece) async for piece in stream]
            assert [piece async for piece in stream] == []
            assert [attempt.status for attempt in broken.value.attempts] == [200]
            return received, stream

        return drain()
    with pytest.raises(BrokenStreamError) as raised:
        list(map(received.append, stream))
    assert list(stream) == []
    assert [attempt.status for attempt in raised.value.attempts] == [200]
    return received, stream


@pytest.mark.parametrize("kind", ["call", "conversation", "run"])
def test_a_text_stream_yields_the_text_and_has_the_response_at_the_end(
    world: World, server: FakeServer, client: AIModelClient, kind: str
) -> None:
    server.add_replies(HELLO)
    pieces, stream = opened(world, client, kind, drained)
    assert "".join(pieces) == PROVIDED
    assert len(pieces) > 1
    assert all(pieces)
    response = stream.response
    assert isinstance(response, AIModelCallResponse)
    assert response is stream.response
    assert response.text == PROVIDED
    assert (response.usage.total_tokens, response.cost) == (17, Decimal("0.000022"))
    assert response.attempts
    assert stream.partial().text == PROVIDED


@pytest.mark.parametrize("kind", ["call", "conversation", "run"])
def test_the_response_of_a_stream_that_has_not_ended_is_an_error(
    world: World, server: FakeServer, client: AIModelClient, kind: str
) -> None:
    server.add_replies(HELLO)

    def look(stream: Any) -> Any:
        with pytest.raises(ConfigurationError, match=r"has not ended. Read it to the end first; partial\(\)"):
            _ = stream.response
        return drained(stream)

    assert "".join(opened(world, client, kind, look)[0]) == PROVIDED


@pytest.mark.parametrize("kind", ["call", "conversation", "run"])
def test_a_text_stream_that_breaks_raises_and_has_what_had_arrived(
    world: World, server: FakeServer, client: AIModelClient, kind: str
) -> None:
    server.add_replies(CutReply(DialectReply(HELLO), 5, HangUp()))

    received, stream = opened(world, client, kind, until_broken)
    assert received
    assert stream.response.chat_response.interrupted
    assert stream.response.text == "".join(received)


@pytest.mark.parametrize("kind", ["call", "conversation", "run"])
def test_a_text_stream_may_be_closed_early(world: World, server: FakeServer, client: AIModelClient, kind: str) -> None:
    server.add_replies(CutReply(DialectReply(HELLO), 4, Stall()))

    def left(stream: Any) -> Any:
        if hasattr(stream, "__anext__"):

            async def leave() -> Any:
                async with stream:
                    first = await anext(stream)
                return first, [piece async for piece in stream], stream

            return leave()
        with stream:
            first = next(stream)
        return first, list(stream), stream

    first, rest, stream = opened(world, client, kind, left)
    assert (first, rest) == ("It is ", [])
    assert stream.response.text.startswith("It is ")
    assert stream.response.chat_response.interrupted


def test_the_text_stream_of_a_run_has_the_text_of_all_answers_and_the_run(
    world: World, server: FakeServer, client: AIModelClient
) -> None:
    call = FakeToolCall("clock", {})
    server.add_replies(Answer(text="Let me look. ", tool_calls=(call,)), HELLO)
    pieces, stream = opened(world, client, "run", drained)
    assert "".join(pieces) == "Let me look. " + PROVIDED
    assert stream.run.text == stream.response.text == PROVIDED
    assert len(stream.run.steps) == 2


def test_the_run_of_a_stream_that_failed_has_what_had_happened(server: FakeServer, client: AIModelClient) -> None:
    server.add_replies(Answer(text="Let me look. ", tool_calls=(FakeToolCall("clock", {}),)), Refusal(400, "no"))
    stream = client.run_streaming("Hi", tools=[clock]).text_stream
    with pytest.raises(BadRequestError):
        list(stream)
    assert (stream.run.stopped, stream.run.text) == ("interrupted", "Let me look. ")
    assert stream.response.text == "Let me look. "


def test_a_turn_is_added_when_its_text_stream_ends(server: FakeServer, client: AIModelClient) -> None:
    server.add_replies(HELLO)
    talk = client.conversation()
    assert "".join(talk.stream("Hi").text_stream) == PROVIDED
    assert talk.turns[0].text == PROVIDED


def test_a_response_of_a_stream_has_the_names_of_its_answer_as_far_as_it_came(
    server: FakeServer, client: AIModelClient
) -> None:
    server.add_replies(HELLO)
    response = client.generate("Hi", streaming=True)
    assert response.text == ""
    assert not response.usage
    assert next(response.text_stream) == "It is "
    assert response.text.startswith("It is ")
    assert "".join(response.text_stream) == PROVIDED.removeprefix("It is ")
    assert response.text == PROVIDED
    assert (response.usage.total_tokens, response.cost) == (17, Decimal("0.000022"))
    assert response.text_stream.response.text == PROVIDED


def test_a_call_without_streaming_has_a_text_stream_of_one_piece(server: FakeServer, client: AIModelClient) -> None:
    server.add_replies(HELLO, HELLO)
    response = client.generate("Hi")
    with response.text_stream as stream:
        assert list(stream) == [PROVIDED]
    assert stream.response is response

    async def pieces() -> list[str]:
        waiting = await client.generate_async("Hi")
        async with waiting.text_stream as stream:
            return [piece async for piece in stream]

    assert asyncio.run(pieces()) == [PROVIDED]


def test_a_response_has_the_names_of_its_answer(server: FakeServer, client: AIModelClient) -> None:
    call = FakeToolCall("clock", {"zone": "UTC"})
    server.add_replies(Answer(text='{"name": "Paris"}', usage=FakeUsage(12, 5)), Answer(tool_calls=(call,)))
    response = client.generate("Where?", structured_output=City)
    answer = response.chat_response
    assert response.text == response.text() == answer.text == '{"name": "Paris"}'
    assert isinstance(response.text, Text)
    assert response.parsed == response.structured(City) == City(name="Paris")
    assert response.structured() == {"name": "Paris"}
    assert (response.usage, response.cost) == (answer.usage, answer.cost)
    assert (response.model, response.provider) == (answer.model, answer.provider)
    assert (response.finish_reason, response.warnings, response.images) == ("stop", answer.warnings, [])
    assert response.reasoning == ""
    assert [one.name for one in client.generate("When?").tool_calls] == ["clock"]


def test_a_response_without_usage_says_that_it_is_unknown(server: FakeServer, client: AIModelClient) -> None:
    choice = b'{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}'
    server.add_replies(Raw(b'{"id": "1", "model": "m", "choices": [' + choice + b"]}"))
    response = client.generate("Hi")
    assert not response.usage.known
    assert (response.cost.amount, response.cost.reason) == (None, "the provider reported no usage")


def test_a_response_with_images_has_their_names_too() -> None:
    images = ImageResponse.model_validate({"text": "A hat.", "images": [{"data": b"x", "mime_type": "image/png"}]})
    response = AIModelCallResponse(image_response=images)
    assert (response.text, response.images) == ("A hat.", images.images)
    assert (response.parsed, response.tool_calls, response.finish_reason) == (None, [], None)
    with pytest.raises(ConfigurationError, match="not from a chat model"):
        response.structured()


def test_runs_turns_and_batch_items_have_the_same_names(server: FakeServer, client: AIModelClient) -> None:
    server.add_replies(*[Answer(text='{"name": "Paris"}', usage=FakeUsage(12, 5))] * 2)
    talk = client.conversation()
    run = client.run("Where?", output=City)
    talk.run("Where?", output=City)
    item = BatchItem(0, run.response)
    for one in (run, talk.turns[0], item):
        assert one.text == '{"name": "Paris"}'
        assert one.parsed == City(name="Paris")
        assert (one.usage.total_tokens, one.cost) == (17, Decimal("0.000022"))
        assert (one.model, one.finish_reason, one.tool_calls, one.reasoning) == ("fake-1", "stop", [], "")
    failed = BatchItem(0, error=None)
    assert (failed.text, failed.usage, failed.cost.amount) == (None, Usage.unknown(), None)
    assert (failed.parsed, failed.tool_calls) == (None, [])


def test_a_turn_has_the_parts_of_the_chosen_answer() -> None:
    choices = [
        ChatResponseChoice(contents=[TextContent(text="One.")]),
        ChatResponseChoice(index=1, contents=[ReasoningContent(text="Think."), TextContent(text="Two.")]),
    ]
    turn = Turn(answer=ChatResponse(choices=choices), choice=1)
    assert (turn.text, turn.reasoning) == ("Two.", "Think.")
    assert Turn(answer=turn.answer).reasoning == ""


def test_a_refusal_has_the_same_name_everywhere() -> None:
    refused = ChatResponse(choices=[ChatResponseChoice(contents=[RefusalContent(text="No.")])])
    response = AIModelCallResponse(chat_response=refused)
    run = Run(steps=(Step(number=1, response=response),), messages=(), stopped="answered", output=None)
    for one in (response, run, Turn(answer=refused), BatchItem(0, refused)):
        assert one.refusal == one.refusal() == "No."
    assert AIModelCallResponse().refusal() is None


def test_an_empty_response_has_nothing_under_any_name() -> None:
    response = AIModelCallResponse()
    assert (response.text, response.parsed, response.images, response.tool_calls) == ("", None, [], [])
    assert (response.usage, response.cost.amount) == (Usage.unknown(), None)
    assert ChatResponse().text == ""
