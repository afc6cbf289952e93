"""A model has 1,000 tools, and searches them: the requests stay small.

Run it: python examples/tool_search.py
It uses a fake server, so that it needs no key. With a real model, remove the server and `base_url`.
"""

from __future__ import annotations

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import Tool

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
SCRIPT = (
    Answer(tool_calls=(FakeToolCall("tool_search", {"query": "weather forecast"}),)),
    Answer(tool_calls=(FakeToolCall("get_forecast", {"city": "Rome"}),)),
    Answer(text="It will be 21 degrees in Rome."),
)
"""What the model of the fake server answers."""


def make_tools() -> list[Tool]:
    tools = [
        Tool.from_schema(CITY, str, name=f"report_{number}", description=f"Writes report {number}.", deferred=True)
        for number in range(999)
    ]
    forecast = Tool.from_schema(
        CITY,
        lambda city: f"{city}: 21 degrees",
        name="get_forecast",
        description="Returns the weather forecast of a city.",
        deferred=True,
    )
    return [*tools, forecast]


def main() -> None:
    with FakeServer() as server:
        server.add_replies(*SCRIPT)
        client = AIModelClient("openai/gpt-5.4-mini", api_key="none", base_url=f"{server.url}/v1")
        run = client.run("How warm will Rome be?", tools=make_tools())
        for step in run.steps:
            for tool in step.tools:
                print(tool.call.name, "->", tool.result.text if tool.result else "")
        print(run.text)
        print("Bytes of the requests:", [len(exchange.body) for exchange in server.exchanges])


if __name__ == "__main__":
    main()
