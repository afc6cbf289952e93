"""The plugin of `llm`: models, options, tools, schemas, attachments, keys and embeddings, as `llm` uses them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("llm")

import llm
from click.testing import CliRunner
from llm.cli import cli
from llm.plugins import pm

from adapters.scripted import MODELS, ObedientModel, base_url
from dhenara.ai import AIModelClient
from dhenara.ai.adapters import llm_plugin
from dhenara.ai.catalog import find_facts
from dhenara.ai.errors import BrokenStreamError, RateLimitError
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
)

ROOT = Path(__file__).resolve().parents[2]
CALL = Answer(
    reasoning="Let me see.",
    signature="c2lnbmVk",
    tool_calls=(FakeToolCall("weather", {"city": "Paris"}),),
    usage=FakeUsage(input=11, output=9, cache_read=5, reasoning=2),
)


def weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


@pytest.fixture(autouse=True)
def settings_of_llm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty folder of settings, and the plugin as `llm` registers it."""
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path))
    monkeypatch.setenv("LLM_LOAD_PLUGINS", "")
    llm.get_models()
    registered = pm.get_plugin("dhenara")
    if registered is not None:
        pm.unregister(registered)
    pm.register(llm_plugin, "dhenara")
    yield
    pm.unregister(llm_plugin)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer(strict=True) as running:
        yield running


def options(server: FakeServer, model: str) -> dict[str, Any]:
    return {"key": "sk-secret", "base_url": base_url(model, server.url)}


def sent(server: FakeServer) -> Any:
    body = server.exchanges[-1].json
    return body.get("messages") or body.get("input") or body.get("contents")


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("model", MODELS)
def test_signed_reasoning_returns_with_the_results_of_tools(server: FakeServer, model: str, stream: bool) -> None:
    """The second request equals the one that our own client sends after the same answer."""
    server.add_replies(*[CALL, Answer(text="Sunny.")] * 2)
    llm_plugin.names_file().write_text(json.dumps({"models": ["openai/gpt-5.4-pro"]}))
    chat = llm.get_model(f"dhenara/{model}")
    chain = chat.chain(
        "Weather in Paris?",
        tools=[weather],
        stream=stream,
        key="sk-secret",
        options={"base_url": base_url(model, server.url), "reasoning_effort": "low"},
    )
    assert chain.text() == "Sunny."
    by_plugin = sent(server)
    tools = [{"name": "weather", "description": "The weather in a city.", "parameters": by_schema()}]
    with AIModelClient(model, api_key="any", base_url=base_url(model, server.url)) as client:
        first = client.generate("Weather in Paris?", tools=tools, reasoning_effort="low")
        answered = {"type": "tool_result", "call_id": first.tool_calls[0].id, "output": "sunny in Paris"}
        messages = ["Weather in Paris?", first, {"role": "tool", "contents": [{**answered, "name": "weather"}]}]
        client.generate(messages=messages, tools=tools, reasoning_effort="low")
    assert by_plugin == sent(server)
    if not model.startswith("openai/gpt-5.4-mini"):
        assert "c2lnbmVk" in json.dumps(by_plugin)


def by_schema() -> dict[str, Any]:
    schema: dict[str, Any] = llm.Tool.function(weather).input_schema
    return schema


def test_usage_model_and_cost(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello", usage=CALL.usage))
    response = llm.get_model(f"dhenara/{MODELS[0]}").prompt("Hi", **options(server, MODELS[0]))
    assert response.text() == "Hello"
    assert (response.usage().input, response.usage().output) == (16, 9)
    assert response.usage().details == {"cache_read_tokens": 5, "reasoning_tokens": 2}
    assert response.resolved_model == "gpt-5.4-mini"
    assert float(response.json()["dhenara"]["cost"]["amount"]) > 0


def test_the_async_model_streams(server: FakeServer) -> None:
    server.add_replies(Answer(text="one two three", reasoning="hm", signature="c2ln"))

    async def ask() -> tuple[list[str], list[str]]:
        response = llm.get_async_model(f"dhenara/{MODELS[2]}").prompt("Hi", **options(server, MODELS[2]))
        events = [event async for event in response.astream_events()]
        return [event.chunk for event in events if event.type == "text"], [event.type for event in events]

    texts, types = asyncio.run(ask())
    assert "".join(texts) == "one two three"
    assert types[0] == "reasoning"


def test_conversations_schemas_and_options(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello"))
    chat = llm.get_model(f"dhenara/{MODELS[0]}").conversation()
    chat.prompt("Hi", system="Be brief.", temperature=0.5, max_tokens=7, **options(server, MODELS[0])).text()
    body = server.exchanges[-1].json
    assert (body["temperature"], body["max_completion_tokens"]) == (0.5, 7)
    with FakeServer(ObedientModel(), strict=True) as obedient:
        schema = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
        answer = chat.prompt("Age?", schema=schema, **options(obedient, MODELS[0]))
        assert json.loads(answer.text()) == {"age": 3}
        roles = [message["role"] for message in obedient.exchanges[-1].json["messages"]]
    assert roles[-3:] == ["user", "assistant", "user"]


def test_further_call_options_are_json(server: FakeServer) -> None:
    server.add_replies(Answer(text="ok"))
    given = {"call_options": '{"user": "ada"}', **options(server, MODELS[0])}
    llm.get_model(f"dhenara/{MODELS[0]}").prompt("Hi", **given).text()
    assert server.exchanges[-1].json["user"] == "ada"
    with pytest.raises(Exception, match="temprature"):
        llm.get_model(f"dhenara/{MODELS[0]}").prompt("Hi", temprature=1)


def test_attachments_are_sent(server: FakeServer) -> None:
    server.add_replies(Answer(text="ok"))
    attachments = [
        llm.Attachment(type="image/png", content=b"\x89PNG\r\n\x1a\n"),
        llm.Attachment(type="application/pdf", content=b"%PDF-1.4"),
    ]
    llm.get_model(f"dhenara/{MODELS[2]}").prompt("What?", attachments=attachments, **options(server, MODELS[2])).text()
    text, image, file = sent(server)[0]["content"]
    assert (text["text"], image["source"]["media_type"], file["type"]) == ("What?", "image/png", "document")


def test_tools_that_the_provider_runs(server: FakeServer) -> None:
    server.add_replies(Answer(text="ok"))
    search = llm.ServerSideTool({"type": "web_search_20250305", "name": "web_search"})
    llm.get_model(f"dhenara/{MODELS[2]}").prompt("News?", tools=[search], **options(server, MODELS[2])).text()
    assert server.exchanges[-1].json["tools"][0]["type"] == "web_search_20250305"


def test_typed_errors_pass_through(server: FakeServer) -> None:
    broken = CutReply(DialectReply(Answer(text="one two three four")), 6, HangUp())
    server.add_replies(Refusal(429, "slow down"), broken)
    chat = llm.get_model(f"dhenara/{MODELS[0]}")
    with pytest.raises(RateLimitError):
        chat.prompt("Hi", max_retries=0, **options(server, MODELS[0])).text()
    with pytest.raises(BrokenStreamError):
        chat.prompt("Hi", max_retries=0, **options(server, MODELS[0])).text()


def test_keys_come_from_the_key_store_and_else_from_the_environment(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add_replies(Answer(text="a"), Answer(text="b"))
    (llm.user_dir() / "keys.json").write_text('{"anthropic": "sk-stored"}')
    chat = llm.get_model(f"dhenara/{MODELS[2]}")
    chat.prompt("Hi", base_url=server.url).text()
    assert server.exchanges[-1].headers["x-api-key"] == "sk-stored"
    (llm.user_dir() / "keys.json").unlink()
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-variable")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    chat.prompt("Hi").text()
    assert server.exchanges[-1].headers["x-api-key"] == "sk-variable"


def test_the_command_line(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello from the command"))
    named = ["-m", f"dhenara/{MODELS[0]}", "--key", "sk-secret", "-o", "base_url", f"{server.url}/v1"]
    done = CliRunner().invoke(cli, ["Hi", *named])
    assert done.output.strip() == "Hello from the command"
    logged = CliRunner().invoke(cli, ["logs", "--json"]).output
    assert "Hello from the command" in logged
    assert "sk-secret" not in logged


def test_models_can_be_added_and_removed() -> None:
    runner = CliRunner()
    assert "dhenara/groq/llama-3.3" not in runner.invoke(cli, ["models"]).output
    llm_plugin.register_commands(cli)
    assert runner.invoke(cli, ["dhenara", "add", "groq/llama-3.3"]).exit_code == 0
    assert "dhenara/groq/llama-3.3" in runner.invoke(cli, ["models"]).output
    assert runner.invoke(cli, ["dhenara", "add", "nowhere/model"]).exit_code == 1
    assert runner.invoke(cli, ["dhenara", "remove", "groq/llama-3.3"]).exit_code == 0
    assert runner.invoke(cli, ["dhenara", "remove", "groq/llama-3.3"]).exit_code == 1
    assert "dhenara/groq/llama-3.3" not in runner.invoke(cli, ["models"]).output


def test_embeddings(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    data = [{"object": "embedding", "index": number, "embedding": [0.5, number]} for number in (0, 1)]
    server.add_replies(Raw(json.dumps({"object": "list", "data": data, "model": "m"}).encode()))
    model = llm.get_embedding_model("dhenara/openai/text-embedding-3-small")
    assert list(model.embed_multi(["a", "b"], key="sk-secret")) == [[0.5, 0.0], [0.5, 1.0]]


@pytest.mark.parametrize("name", [*llm_plugin.MODELS, *llm_plugin.EMBEDDINGS])
def test_the_models_are_served_today(name: str) -> None:
    provider, _, model = name.partition("/")
    known = find_facts(model, provider)
    assert known is not None
    assert not any((known.retired, known.deprecated))
    # What `-latest` means today may have a last day: then it means the next model.
    assert not known.retires or model.endswith("-latest")


def test_the_plugin_is_an_entry_point_that_loads_next_to_nothing() -> None:
    """`llm` loads every plugin at every start."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["llm"]
    assert declared == {"dhenara": "dhenara.ai.adapters.llm_plugin"}
    code = (
        "import sys, llm, llm.models; before = set(sys.modules); import dhenara.ai.adapters.llm_plugin;"
        "print(len([m for m in set(sys.modules) - before if m.startswith('dhenara')]), "
        "sorted(m for m in set(sys.modules) - before if not m.startswith('dhenara')))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    printed = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    count, others = printed.stdout.split(" ", 1)
    assert int(count) <= 10, printed.stdout
    assert len(json.loads(others.replace("'", '"'))) <= 10, printed.stdout
