"""`partial()` of a streamed run has the answer that is arriving, and can be saved and resumed."""

from __future__ import annotations

from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, FakeToolCall, Stall
from dhenara.ai.types import Run, StreamingChatResponse
from support.worlds import Blocking, World, endpoint

ROME = Answer(tool_calls=(FakeToolCall("weather", {"city": "Rome"}, "c1"),))
TEXT = "It is sunny in Rome today."


def weather(city: str) -> str:
    """The weather."""
    return "sunny"


def partial_in_second_answer(world: World, client: AIModelClient, **settings: Any) -> tuple[Run[Any], Any]:
    """The state of a run when the first text arrives, which is in the second answer; and the stream, closed."""
    if isinstance(world, Blocking):
        stream = client.run_streaming("?", **settings)
        for event, _ in stream:
            if isinstance(event, StreamingChatResponse) and event.text_delta:
                break
        state = stream.partial()
        stream.close()
        return state, stream

    async def read() -> tuple[Run[Any], Any]:
        async with client.run_streaming_async("?", **settings) as stream:
            async for event, _ in stream:
                if isinstance(event, StreamingChatResponse) and event.text_delta:
                    break
            return stream.partial(), stream

    result: tuple[Run[Any], Any] = world._start(read)
    return result


def test_partial_has_what_has_arrived_of_the_answer(server: FakeServer, world: World) -> None:
    server.add_replies(ROME, CutReply(DialectReply(Answer(text=TEXT)), 4, Stall()))
    client = AIModelClient(endpoint(server.url))
    state, stream = partial_in_second_answer(world, client, tools=[weather])
    world.close(client)
    assert state.text
    assert TEXT.startswith(state.text)
    assert [step.number for step in state.steps] == [1, 2]
    assert state.steps[1].response.chat_response.interrupted
    assert [message.role for message in state.messages] == ["user", "assistant", "tool", "assistant"]
    assert len(stream.partial().steps) == 2, "looking at it added it to the run"


def test_a_partial_run_is_resumed_by_asking_for_the_answer_again(server: FakeServer, world: World) -> None:
    server.add_replies(ROME, CutReply(DialectReply(Answer(text=TEXT)), 4, Stall()), Answer(text="Sunny."))
    client = AIModelClient(endpoint(server.url))
    state, _ = partial_in_second_answer(world, client, tools=[weather])
    if isinstance(world, Blocking):
        run: Run[Any] = client.run(resume=state.to_json(), tools=[weather])
    else:
        run = world._start(lambda: client.run_async(resume=state.to_json(), tools=[weather]))
    world.close(client)
    assert run.text() == "Sunny."
    assert [message.role for message in run.messages] == ["user", "assistant", "tool", "assistant"]
    assert [message["role"] for message in server.exchanges[2].json["messages"]] == ["user", "assistant", "tool"]


def test_reading_partial_does_not_change_the_run(server: FakeServer) -> None:
    server.add_replies(ROME, Answer(text=TEXT))
    with AIModelClient(endpoint(server.url)) as client:
        stream = client.run_streaming("?", tools=[weather])
        texts = [str(stream.partial().text) for event, _ in stream if isinstance(event, StreamingChatResponse)]
        run = stream.run
    assert run.text() == TEXT
    assert len(run.steps) == 2
    assert [message.role for message in run.messages] == ["user", "assistant", "tool", "assistant"]
    assert texts == sorted(texts, key=len)
    assert texts[-1] == TEXT
