"""What can only be a mistake is refused with the right form before anything is sent; what has one meaning is taken."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from ai_utilities import AiClient, AiSettings, AsyncAiClient
from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModelCallConfig, RunLimits, ToolChoice
from support.worlds import endpoint

PNG = bytes.fromhex("89504e470d0a1a0a") + b"pixels"


class Person(BaseModel):
    name: str = "Ada"


def weather(city: str) -> str:
    """The weather in a city."""
    return "sunny"


ENGINE: list[tuple[str, dict[str, Any], str]] = [
    ("generate", {"context": "text"}, 'context=[{"role": "user", "content": "..."}]'),
    ("generate", {"instructions": 5}, "instructions must be a string or a list of strings, not int"),
    ("generate", {"structured_output": Person()}, "must be a type such as a pydantic model"),
    ("generate", {"structured_output": Person()}, "structured_output=Person"),
    ("generate", {"structured_output": "Person"}, "must be a type such as a pydantic model"),
    ("generate", {"structured_output": {"type": "json_object"}}, "Write structured_output=Person"),
    ("generate", {"temperature": "hot"}, "Write temperature=0.5"),
    ("generate", {"temperature": True}, "temperature: must be a number, not True"),
    ("generate", {"timeout": -1}, "timeout must be above 0 seconds"),
    ("generate", {"timeout": "soon"}, "Write timeout=30"),
    ("generate", {"timeout": True}, "timeout: must be a number, not True"),
    ("generate", {"retries": True}, "retries: must be a number, not True"),
    ("generate", {"retries": -1}, "Write retries=2"),
    ("generate", {"max_output_tokens": True}, "max_output_tokens: must be a number, not True"),
    ("generate", {"stop": 5}, 'Write stop=["END"]'),
    ("generate", {"tools": "weather"}, "Pass a function"),
    ("generate", {"reasoning": {"effort": "low"}}, 'Write reasoning=True, or reasoning_effort="low"'),
    ("generate", {"reasoning": "low"}, 'Write reasoning=True, or reasoning_effort="low"'),
    ("generate", {"reasoning_effort": "huge"}, 'Write reasoning_effort="low"'),
    ("generate", {"metadata": "a"}, 'Write metadata={"team": "a"}'),
    ("generate", {"headers": "a: b"}, 'Write headers={"X-Name": "..."}'),
    ("generate", {"options": "a"}, 'Write options={"name": value}'),
    ("generate", {"prompt_cache": True}, "Write prompt_cache=PromptCache(automatic=True)"),
    ("generate", {"context_policy": "auto"}, 'Write context_policy=ContextPolicy(truncation="auto")'),
    ("generate", {"config": {"temperature": 0}}, "AIModelCallConfig(temperature=0)"),
    ("generate", {"tools": [weather], "tool_choice": "reqired"}, "did you mean 'required'?"),
    ("generate", {"tools": [weather], "tool_choice": "weathr"}, "did you mean 'weather'?"),
    ("generate", {"tools": [weather], "tool_choice": "other"}, "Write tool_choice='weather'"),
    ("generate", {"tool_choice": "reqired"}, "did you mean 'required'?"),
    ("run", {"limits": 5}, "limits=RunLimits(rounds=5)"),
    ("run", {"limits": {"rounds": 0}}, "limits: rounds"),
    ("run", {"approve": True}, "approve must be a function, not bool"),
    ("run", {"tool_errors": "ignore"}, 'tool_errors must be "send" or "raise"'),
    ("run", {"repairs": -1}, "repairs must be a whole number, 0 or more"),
    ("run", {"output": Person()}, "must be a type such as a pydantic model"),
    ("rerank", {"documents": "text"}, 'documents must be a list of texts, not str: rerank(query, ["..."])'),
    ("count_tokens", {"context": "text"}, "context is a list of earlier messages"),
]


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer(Answer(text="hi"), forever=True) as made:
        yield made


@pytest.mark.parametrize(("method", "options", "message"), ENGINE)
def test_the_engine_refuses_it(method: str, options: dict[str, Any], message: str, server: FakeServer) -> None:
    async def main() -> None:
        async with AIModelClient(endpoint(server.url)) as client:
            with pytest.raises(ConfigurationError, match=re.escape(message)):
                await getattr(client, f"{method}_async")("x", **options)

    with AIModelClient(endpoint(server.url)) as client, pytest.raises(ConfigurationError, match=re.escape(message)):
        getattr(client, method)("x", **options)
    asyncio.run(main())
    assert server.exchanges == []


KIT: list[tuple[str, Any, dict[str, Any], str]] = [
    ("ask", "x", {"files": 5}, 'files=["report.pdf"]'),
    ("ask", "x", {"tags": "team"}, 'tags must be a dict, not str: tags={"team": "team"}'),
    ("ask", "x", {"tags": ["team"]}, "tags must be a dict, not list"),
    ("ask", "x", {"context": "text"}, 'context=[{"role": "user", "content": "..."}]'),
    ("ask", "x", {"model": 5}, 'model="gpt-5.4-mini"'),
    ("ask", "x", {"system": 5}, "must be a string or a list of strings, not int"),
    ("ask", "x", {"tools": [weather], "tool_choice": "reqired"}, "did you mean 'required'?"),
    ("ask", "x", {"limits": RunLimits()}, "Pass tools=[my_function]"),
    ("ask", "x", {"timeout": -1}, "timeout must be above 0"),
    ("ask", "x", {"stream": True}, "Use ask_stream"),
    ("ask", ("a", "b"), {}, "Use ask_many"),
    ("ask_many", "hello", {}, 'ask_many takes a list of prompts, not str: ask_many(["hello"])'),
    ("ask_many", 5, {}, "ask_many takes a list of prompts, not int"),
    ("ask_many", ["a"], {"concurrency": "2"}, "concurrency must be at least 1, not '2'"),
    ("ask_many", ["a"], {"tags": "team"}, "tags must be a dict"),
    ("ask_many", ["a"], {"concurency": 2}, "unknown setting 'concurency'; did you mean 'concurrency'?"),
    ("ask_many", ["a"], {"show_progress": True}, "on_progress=my_function in ask_many"),
    ("ask_batch", "hello", {}, 'ask_batch(["hello"])'),
    ("submit_batch", "hello", {}, 'submit_batch(["hello"])'),
]


@pytest.mark.parametrize(("method", "prompt", "options", "message"), KIT)
def test_the_kit_refuses_it(
    method: str, prompt: Any, options: dict[str, Any], message: str, server: FakeServer
) -> None:
    settings = AiSettings(provider="openai", model="m", api_key="sk-of-the-test", base_url=f"{server.url}/v1")

    async def main() -> None:
        async with AsyncAiClient(settings, show_progress=False) as client:
            with pytest.raises(ConfigurationError, match=re.escape(message)):
                await getattr(client, method)(prompt, **options)

    client = AiClient(settings, show_progress=False)
    with client, pytest.raises(ConfigurationError, match=re.escape(message)):
        getattr(client, method)(prompt, **options)
    asyncio.run(main())
    assert server.exchanges == []


def sent(server: FakeServer, **options: Any) -> Any:
    with AIModelClient(endpoint(server.url)) as client:
        client.generate("x", **options)
    return server.exchanges[-1].json


SCHEMA = Person.model_json_schema()
FUNCTION = {"type": "function", "function": {"name": "weather"}}


@pytest.mark.parametrize(
    ("given", "usual"),
    [
        ({"tools": weather}, {"tools": [weather]}),
        ({"stop": "END"}, {"stop": ["END"]}),
        ({"messages": "hello", "context": None}, {"messages": ["hello"], "context": None}),
        ({"tools": [weather], "tool_choice": weather}, {"tools": [weather], "tool_choice": "weather"}),
        ({"tools": [weather], "tool_choice": FUNCTION}, {"tools": [weather], "tool_choice": "weather"}),
        (
            {"tools": [weather], "tool_choice": {"type": "tool", "name": "weather"}},
            {"tools": [weather], "tool_choice": "weather"},
        ),
        ({"tools": [weather], "tool_choice": {"type": "any"}}, {"tools": [weather], "tool_choice": "required"}),
        (
            {"structured_output": {"type": "json_schema", "json_schema": {"name": "Person", "schema": SCHEMA}}},
            {"structured_output": SCHEMA},
        ),
        (
            {"structured_output": {"format": {"type": "json_schema", "name": "Person", "schema": SCHEMA}}},
            {"structured_output": SCHEMA},
        ),
    ],
)
def test_what_has_one_meaning_is_taken(given: dict[str, Any], usual: dict[str, Any], server: FakeServer) -> None:
    assert sent(server, **given) == sent(server, **usual)


def test_a_tool_choice_may_name_a_tool_of_the_provider(server: FakeServer) -> None:
    tools = [weather, {"type": "web_search"}]
    sent(server, tools=tools, tool_choice="web_search")
    sent(server, tools=tools, tool_choice=ToolChoice(names=("weather",)))
    assert len(server.exchanges) == 2


def test_limits_of_a_run_may_be_a_dict(server: FakeServer) -> None:
    with AIModelClient(endpoint(server.url)) as client:
        assert client.run("x", limits={"rounds": 2}).text == "hi"


def test_the_kit_takes_one_file_and_one_tool(server: FakeServer, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("seven", encoding="utf-8")
    settings = AiSettings(provider="openai", model="m", api_key="sk-of-the-test", base_url=f"{server.url}/v1")
    with AiClient(settings) as client:
        for one, many in ((note, [note]), (str(note), [str(note)]), (note.read_bytes(), [note.read_bytes()])):
            client.ask("x", files=one, tools=weather)
            client.chat(files=one).ask("x", tools=weather)
            client.ask("x", files=many, tools=[weather])
            first, in_chat, second = [exchange.json for exchange in server.exchanges[-3:]]
            assert first == in_chat == second
            assert "seven" in str(first)


def test_an_image_to_edit_may_be_bytes_or_a_path(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(PNG)
    with FakeServer(Answer(), forever=True) as server:
        client = AIModelClient(endpoint(server.url, model="gpt-image-2"))
        for images in (PNG, photo, str(photo), [PNG, photo]):
            client.edit_image("Make it blue.", images)
            assert PNG in server.exchanges[-1].body
        asyncio.run(client.edit_image_async("Make it blue.", PNG))
        assert PNG in server.exchanges[-1].body
        with pytest.raises(ConfigurationError, match=r'edit_image\("Make it blue."'):
            client.edit_image("Make it blue.", 5)
        client.close()


def test_an_image_in_the_place_of_the_prompt_is_refused() -> None:
    client = AIModelClient("openai/gpt-image-2", api_key="k")
    with client, pytest.raises(ConfigurationError, match=r"not bytes. It comes first, then the images"):
        client.edit_image(PNG, "Make it blue")  # type: ignore[arg-type]  # swapped


def test_an_unknown_name_is_answered_with_one_full_stop() -> None:
    client = AiClient("openai/gpt-5.4-mini", api_key="k")
    for options in ({"temprature": 1}, {"topP": 1}, {"xyz": 1}):
        with pytest.raises(ConfigurationError) as refused:
            client.ask("x", **options)  # type: ignore[arg-type]  # misspelt
        assert re.search(r"(\w['\)]?\.|\?|=\.\.\.)$", str(refused.value)), str(refused.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"system": "Be brief."}, "'system' is an argument of the call, not a setting: write generate(prompt, inst"),
        ({"context": []}, "write generate(prompt, context=...)"),
        ({"prompt": "x"}, "'prompt' is an argument of the call, not a setting: write generate(prompt)"),
        ({"max_tokns": 5}, "unknown setting 'max_tokns'"),
    ],
)
def test_a_config_names_what_was_written(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        AIModelCallConfig(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_tokens": 5}, "'max_tokens' is a setting of calls. Pass config=AIModelCallConfig(max_output_tokens=...)"),
        ({"stream": True}, "or streaming=... to generate"),
        ({"system": "Be brief."}, "write generate(prompt, instructions=...)"),
        ({"api_kye": "k"}, "did you mean 'api_key'?"),
        ({"apikey": "k"}, "did you mean 'api_key'?"),
        ({"fallback": []}, "write fallbacks=["),
        ({"model": "gpt-4o"}, "as in AIModelClient('openai/gpt-5.4-mini')"),
    ],
)
def test_a_client_says_where_an_argument_belongs(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        AIModelClient("openai/gpt-5.4-mini", **options)


def test_one_fallback_needs_no_list() -> None:
    one = AIModelClient("openai/gpt-5.4-mini", fallbacks="anthropic/claude-sonnet-5")
    assert repr(one) == repr(AIModelClient("openai/gpt-5.4-mini", fallbacks=["anthropic/claude-sonnet-5"]))
    two = AIModelClient("openai/gpt-5.4-mini", fallbacks="anthropic/claude-sonnet-5, openai/gpt-4o")
    assert "openai/gpt-4o" in repr(two)


@pytest.mark.parametrize("name", ["size", "quality", "background"])
def test_an_option_of_images_is_answered_with_where_it_belongs(name: str) -> None:
    message = re.escape(f'write options={{"{name}": ...}}')
    with AIModelClient("openai/gpt-image-2", api_key="k") as engine, pytest.raises(ConfigurationError, match=message):
        engine.generate("A sea otter", **{name: "x"})  # type: ignore[call-overload]  # not an option
    with AiClient("openai/gpt-image-2", api_key="k") as kit, pytest.raises(ConfigurationError, match=message):
        kit.image("A sea otter", **{name: "x"})  # type: ignore[arg-type]  # not an option


@pytest.mark.parametrize(
    "given", [{"role": "user", "content": [{"a": 1}]}, {"role": "user", "content": [{"type": "x"}]}]
)
def test_a_part_of_no_known_type_is_answered_with_one(given: dict[str, Any]) -> None:
    client = AIModelClient("openai/gpt-5.4-mini", api_key="k")
    with client, pytest.raises(ConfigurationError, match=r'such as {"type": "text", "text": "\.\.\."}') as refused:
        client.generate(given)
    assert "discriminator" not in str(refused.value)
