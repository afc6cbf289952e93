"""Values of a wrong type are refused before anything is sent, with an error of our tree."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError, UnsupportedError
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModelAPI, AIModelCallConfig, AIModelEndpoint, RemoteMCP
from support.worlds import World, endpoint

WRONG: list[Any] = [5, 1.5, object(), {"a": 1}, [5], [None], [[5]], True, lambda: 1, float("nan"), {1: 2}, ["\ud800"]]
MESSAGES: list[Any] = [
    [{"x": 1}],
    {"role": 5},
    {"role": "user", "content": 5},
    {"role": "user", "content": [{"type": "image_url", "image_url": 5}]},
    {"role": "tool", "tool_call_id": 5, "content": 5},
    {"role": "assistant", "tool_calls": 5},
    {"role": "assistant", "tool_calls": [5]},
    {"role": "assistant", "tool_calls": [{"function": "x"}]},
    {"role": "assistant", "tool_calls": [{"function": {"arguments": 5}}]},
]


def shown(given: Any) -> str:
    return re.sub(" at 0x[0-9a-f]+", "", repr(given))[:40]


@pytest.mark.parametrize("given", [*WRONG, *MESSAGES], ids=shown)
@pytest.mark.parametrize("place", ["prompt", "context", "messages"])
def test_what_is_no_message_is_refused(place: str, given: Any, server: FakeServer) -> None:
    with AIModelClient(endpoint(server.url)) as client, pytest.raises(ConfigurationError):
        client.generate(**{place: given})
    assert server.exchanges == []


@pytest.mark.parametrize("given", [*WRONG, b"x", {"role": "user"}], ids=shown)
@pytest.mark.parametrize("place", ["instructions", "config", "stop"])
def test_what_is_no_setting_is_refused(place: str, given: Any, world: World, server: FakeServer) -> None:
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(ConfigurationError):
        world.run(client, "?", **{place: given})
    assert server.exchanges == []
    world.close(client)


@pytest.mark.parametrize("setting", AIModelCallConfig.model_fields)
def test_no_setting_fails_otherwise_than_as_one_of_ours(setting: str) -> None:
    with FakeServer(Answer(text="Hello!"), forever=True) as server, AIModelClient(endpoint(server.url)) as client:
        for given in [*WRONG, *MESSAGES, b"x", "", "x", set(), {}, [], (), {"a": {}}, [{}], -1, 10**30]:
            sent = len(server.exchanges)
            try:
                client.generate("?", **{setting: given})
            except (ConfigurationError, UnsupportedError):
                assert len(server.exchanges) == sent


@pytest.mark.parametrize("given", [5, object(), [5], {"a": 1}, b"x"], ids=shown)
@pytest.mark.parametrize(
    "place", ["model_endpoint", "config", "is_async", "layers", "attempt_layers", "observer", "lessons", "fallbacks"]
)
def test_a_client_is_not_made_of_anything_else(place: str, given: Any, server: FakeServer) -> None:
    with pytest.raises(ConfigurationError, match=place):
        AIModelClient(**{"model_endpoint": endpoint(server.url), place: given})


@pytest.mark.parametrize(
    ("entry", "given"),
    [("headers", 5), ("headers", {"x": 5}), ("quirks", 5), ("quirks", {"no such": 1}), ("protocol", 5)],
)
def test_an_invalid_entry_of_an_api_is_named(entry: str, given: Any, server: FakeServer) -> None:
    client = AIModelClient(endpoint(server.url, **{entry: given}))
    with pytest.raises(ConfigurationError, match=entry):
        client.generate("?")
    assert server.exchanges == []


@pytest.mark.parametrize(
    ("headers", "provided"),
    [
        ({"x-a": "\u20ac"}, "x-a"),
        ({"x-a": "a\r\nb: c"}, "x-a"),
        ({"x a": "b"}, "x a"),
        ({"Content-Length": "3"}, "content-length"),
        ({"Transfer-Encoding": "chunked"}, "transfer-encoding"),
    ],
)
def test_a_header_that_cannot_be_sent_is_named(
    headers: dict[str, str], provided: str, world: World, server: FakeServer
) -> None:
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(ConfigurationError, match=provided):
        world.run(client, "?", headers=headers)
    world.close(client)
    assert server.exchanges == []


@pytest.mark.parametrize(
    "wrong",
    [
        lambda secret: AIModelAPI(provider="openai", apikey=secret),
        lambda secret: AIModelAPI(provider="openai", api_key=[secret]),
        lambda secret: AIModelAPI(provider="openai", credentials=[secret]),
        lambda secret: AIModelEndpoint(api={"provider": "openai", "apikey": secret}, ai_model={"model_name": "m"}),
        lambda secret: AIModelCallConfig(headers={"authorization": [secret]}),
        lambda secret: RemoteMCP(name="x", url="http://x", authorisation=secret),
    ],
)
def test_a_secret_in_the_wrong_place_is_not_shown(wrong: Any) -> None:
    with pytest.raises(ValueError) as refused:
        wrong("sk-very-secret")
    assert "sk-very-secret" not in str(refused.value) + repr(refused.value)


def test_headers_of_an_api_are_not_shown() -> None:
    api = AIModelAPI(provider="openai", config={"headers": {"authorization": "sk-very-secret"}, "base_url": "http://x"})
    assert "sk-very-secret" not in repr(api) + str(api)
    assert "http://x" in repr(api)
