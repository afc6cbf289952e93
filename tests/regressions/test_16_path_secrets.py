"""A key in the path of the base URL is a secret: masked when shown, and in what a server repeats."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from ai_utilities import AiSettings
from ai_utilities.config_resolver import ConfigurationResolver
from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallError, ConfigurationError
from dhenara.ai.testing import Answer, DialectReply, FakeServer, Raw
from dhenara.ai.testing.answer import Step
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, RemoteMCP
from dhenara.ai.wire.secrets import MASK, shown_address

KEYS = (
    "tok-9fK3mQ7xLp2VbN8s",
    "sk-proj-abcdefghijkl",
    "9f8e7d6c5b4a39281706f5e4d3c2b1a0",
    "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "Zk3vT9qLm2Xw8RbN5pYd",
    "tok-9fK3mQ7xLp2Vb%2BN8s",
)
ORDINARY = (
    "/v1/chat/completions",
    "/openai/deployments/gpt-4o-mini-2024-07-18",
    "/v1beta1/projects/my-project-123456/locations/us-central1",
    "/endpoints/1234567890123456789",
    "/compatible-mode/v1",
    "/model/us.anthropic.claude-sonnet-4-5-20250929-v1:0/invoke",
    "/accounts/fireworks/models/llama-v3p1-405b-instruct",
    "/my-team/llm-gateway/openai/v1",
)


class Echo:
    """An error that repeats the path of the request."""

    def __init__(self, status: int) -> None:
        self.status = status

    def steps(self, resolved: Any) -> Iterable[Step]:
        return Raw(b'{"error": {"message": "no route %s here"}}' % resolved.path.encode(), self.status).steps(resolved)


def endpoint(base_url: str | None) -> AIModelEndpoint:
    config = {"base_url": base_url} if base_url else {}
    api = AIModelAPI(provider="openai", api_key="sk-of-the-test", config=config)
    return AIModelEndpoint(api=api, ai_model=AIModel(model_name="m"))


@pytest.mark.parametrize("key", KEYS)
def test_it_is_masked_in_repr_and_dumps(key: str) -> None:
    api = endpoint(f"https://gateway.example/{key}/v1").api
    for shown in (repr(api), str(api.model_dump()), api.model_dump_json()):
        assert key not in shown
        assert f"https://gateway.example/{MASK}/v1" in shown


@pytest.mark.parametrize("path", ORDINARY)
def test_ordinary_paths_are_shown(path: str) -> None:
    assert shown_address(f"https://api.example{path}") == f"https://api.example{path}"


def test_a_segment_after_the_word_token_is_masked() -> None:
    assert shown_address("https://api.example/token/swordfish/v1") == f"https://api.example/token/{MASK}/v1"


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("status", [400, 404, 500])
def test_an_error_that_repeats_it_is_masked(key: str, status: int, server: FakeServer) -> None:
    server.add_replies(Echo(status))
    with AIModelClient(endpoint(f"{server.url}/{key}/v1")) as client, pytest.raises(CallError) as raised:
        client.generate("hi", retries=0)
    assert key in server.exchanges[0].path
    for text in (str(raised.value), repr(raised.value.body), repr(raised.value.attempts)):
        assert key not in text
        assert MASK in text


def test_a_base_url_from_the_environment_is_treated_alike(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.add_replies(Echo(404))
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/{KEYS[0]}/v1?tenant=hush-hush-1")
    with AIModelClient(endpoint(None)) as client, pytest.raises(CallError) as raised:
        client.generate("hi", retries=0)
    assert KEYS[0] not in str(raised.value)
    assert "hush-hush-1" not in str(raised.value)


def test_an_answer_that_repeats_it_is_masked_in_its_headers(server: FakeServer) -> None:
    server.add_replies(DialectReply(Answer(text="hi"), headers={"x-route": f"/{KEYS[0]}/v1"}))
    with AIModelClient(endpoint(f"{server.url}/{KEYS[0]}/v1")) as client:
        response = client.generate("hi")
    assert KEYS[0] not in repr(response.response_headers)


def test_an_unusable_base_url_is_quoted_without_it() -> None:
    with pytest.raises(ConfigurationError, match="must start with http") as raised:
        AIModelClient(endpoint(f"ftp://gateway.example/{KEYS[0]}/v1")).plan("hi")
    assert KEYS[0] not in str(raised.value)


def test_the_kit_explains_its_address_without_it() -> None:
    settings = AiSettings(_env_file=None, provider="openai", api_key="k" * 12, base_url=f"https://g.example/{KEYS[0]}")
    explained = ConfigurationResolver(settings).explain()
    assert KEYS[0] not in str(explained) + repr(settings) + str(settings.model_dump())


def test_the_address_of_a_remote_mcp_server_too(server: FakeServer) -> None:
    tool = RemoteMCP(name="docs", url=f"https://mcp.example/s/{KEYS[0]}/mcp")
    assert KEYS[0] not in repr(tool)
    server.add_replies(Raw(b'{"error": {"message": "cannot reach %s"}}' % tool.url.encode(), 400))
    config = {"base_url": f"{server.url}/v1", "protocol": "openai_responses"}
    api = AIModelAPI(provider="openai", api_key="sk-of-the-test", config=config)
    with (
        AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m"))) as client,
        pytest.raises(CallError) as raised,
    ):
        client.generate("hi", tools=[tool], retries=0)
    assert KEYS[0] not in str(raised.value)
