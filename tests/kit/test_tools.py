"""Tools: functions that a question may use."""

from __future__ import annotations

from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import ToolDefinition
from support.kit import Uniform, run, settings
from support.worlds import World

WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


ASKS = Answer(tool_calls=(FakeToolCall("weather", {"city": "Paris"}),))


def test_functions_are_run_until_there_is_an_answer(server: FakeServer, world: World) -> None:
    server.add_replies(ASKS, Answer(text="It is sunny."), ASKS, Answer(text="It is sunny."))

    async def script(client: Uniform) -> None:
        result = await client.ask("Weather in Paris?", tools=[weather])
        assert result == "It is sunny."
        assert result.usage.total_tokens == 36
        assert [tool.call.name for tool in result.run.tools] == ["weather"]
        stream = await client.ask_stream("Weather in Paris?", tools=[weather])
        assert "".join(await client.pieces(stream)) == stream.result == "It is sunny."
        assert stream.result.usage.total_tokens == 36

    run(world, script, settings(server.url))
    assert "sunny in Paris" in str(server.exchanges[1].json["messages"])


def test_descriptions_of_tools_come_back_as_calls(server: FakeServer, world: World) -> None:
    server.add_replies(ASKS)

    async def script(client: Uniform) -> None:
        result = await client.ask("Weather?", tools=[ToolDefinition(name="weather", parameters=WEATHER)])
        (call,) = result.tool_calls
        assert (result, call.name, call.arguments) == ("", "weather", {"city": "Paris"})

    run(world, script, settings(server.url))


def test_a_conversation_contains_tool_results(server: FakeServer, world: World) -> None:
    server.add_replies(ASKS, Answer(text="It is sunny."), Answer(text="Still."), Answer(text="Yes?"))

    async def script(client: Uniform) -> None:
        chat = client.client.chat(tools=[weather])
        talk = Uniform(chat)
        await talk.ask("Weather in Paris?")
        assert await talk.ask("And now?") == "Still."
        assert [message.role for message in chat.messages] == [
            "user",
            "assistant",
            "tool",
            "assistant",
            "user",
            "assistant",
        ]
        chat.undo()
        chat.undo()
        assert chat.messages == []
        await talk.ask("Hello?")

    run(world, script, settings(server.url))
    assert len(server.exchanges[3].json["messages"]) == 1
