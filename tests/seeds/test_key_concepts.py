"""Seed 000: the key concepts, every block as printed."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModelAPI, AIModelCallConfig
from support.documents import blocks, run
from support.worlds import endpoint

PROVIDED = "Streams of words."


@pytest.fixture
def printed() -> list[str]:
    return blocks("000-key-concepts.md")


def test_apis_endpoints_and_one_model_through_several_apis(printed: list[str]) -> None:
    names: dict[str, Any] = {}
    run(printed[0], names)
    run(printed[1], names)
    names["bedrock_api"] = AIModelAPI(provider="amazon_bedrock", config={"region": "us-east-1"})
    run(printed[2], names)
    assert names["gpt4o_endpoint"].ai_model.model_name == "gpt-5.2"
    assert names["claude_on_vertex"].api.provider == "google_vertex_ai"
    assert names["claude_direct"].ai_model == names["claude_on_bedrock"].ai_model
    assert "your_openai_api_key" not in repr(names["openai_api"])
    assert "service_account_json=**********" in repr(names["vertex_ai_api"])


def test_clients_and_call_configs(printed: list[str], server: FakeServer) -> None:
    names: dict[str, Any] = {"endpoint": endpoint(server.url), "config": AIModelCallConfig()}
    run(printed[3], names)
    assert (names["client"].is_async, names["async_client"].is_async) == (False, True)
    text, image = printed[4].split("#Image call config")
    config = run(text, names)["call_config"]
    assert (config.max_output_tokens, config.max_reasoning_tokens, config.retries) == (4000, 8000, 3)
    config = run(f"#Image call config{image}", names)["call_config"]
    assert config.options["response_format"] == "b64_json"


def test_the_text_config_is_a_request_that_claude_accepts(printed: list[str], server: FakeServer) -> None:
    server.add_replies(Answer(text="ok"))
    names: dict[str, Any] = {}
    config = run(printed[4].split("#Image")[0], names)["call_config"]
    from dhenara.ai import AIModelClient

    with AIModelClient(endpoint(server.url, "anthropic", "claude-sonnet-4-5"), config) as client:
        list(client.generate("?").stream_generator)
    body = server.exchanges[0].json
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 8000}
    assert body["max_tokens"] == 12000


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("reasoning", ["", "Thinking first."])
def test_the_streaming_loop(
    printed: list[str], provider: str, reasoning: str, server: FakeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    from dhenara.ai import AIModelClient

    server.add_replies(Answer(text=PROVIDED, reasoning=reasoning))
    client = AIModelClient(endpoint(server.url, provider), AIModelCallConfig(streaming=True), is_async=False)
    names = run(printed[5], {"client": client, "prompt": "?"})
    assert capsys.readouterr().out == PROVIDED
    assert names["final_response"].chat_response.text() == PROVIDED
    client.close()


def test_resources_are_managed_by_with(printed: list[str], server: FakeServer) -> None:
    from dhenara.ai import AIModelClient

    server.add_replies(Answer(text=PROVIDED), Answer(text=PROVIDED))

    def elided(*given: Any) -> AIModelClient:
        """`AIModelClient(...)`: the document leaves the arguments out."""
        assert given == (...,)
        return AIModelClient(endpoint(server.url))

    names = run(printed[6], {"AIModelClient": elided, "prompt": "?"})
    assert names["response"].chat_response.text() == PROVIDED
    assert len(server.exchanges) == 2
