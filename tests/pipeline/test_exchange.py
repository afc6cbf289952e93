"""Exchanges: what layers see of the request that will be sent, encoded once."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ai_utilities import AiClient, AiSettings
from ai_utilities.cache import CacheLayer, MemoryCache
from ai_utilities.limits import Limit, LimitLayer
from ai_utilities.usage import Budget, BudgetLayer, MemoryLedger, UsageLayer
from dhenara.ai import AIModelClient, Exchange, Layer, Send, Stream, Target
from dhenara.ai.codecs.base import load_codec
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.providers.provider import KNOWN, load_provider
from dhenara.ai.testing import Answer, FakeServer, Raw, Refusal, SampleOperations
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, Call, Fetching, ImageContent, TextContent
from dhenara.ai.wire.redaction import forms
from support.operations import ENGINE_CALLS
from support.worlds import World, endpoint

HELLO = Answer(text="Hello!")
PNG = b"\x89PNG\r\n\x1a\n" + b"." * 20
PROVIDED = [load_provider(name) for name in sorted(set(KNOWN.values()))]
CODECS = sorted({route.codec for provider in PROVIDED for route in (*provider.routes, *provider.operations)})
CONFIGS: dict[str, dict[str, Any]] = {
    "google_vertex_ai": {"project_id": "p", "location": "global"},
    "amazon_bedrock": {"region": "us-east-1"},
}
PROVIDERS = sorted(set(KNOWN.values()) - {"voyage", "deepgram", "local"})


class Seeing:
    """A layer that takes the exchange of each call."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def bind(self, io: Any, target: Target) -> Layer:
        async def layer(call: Call, send: Send) -> Stream:
            self.exchanges.append(await target.exchange(call))
            return await send(call)

        return layer


@pytest.fixture
def encodings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the codecs that encoded something, one for each time."""
    seen: list[str] = []
    kinds: set[Any] = {type(load_codec(name)) for name in CODECS}
    for kind in kinds:
        encode = kind.encode

        def counting(self: Any, call: Call, quirks: Any, encode: Any = encode) -> Any:
            seen.append(self.name)
            return encode(self, call, quirks)

        monkeypatch.setattr(kind, "encode", counting)
    return seen


@pytest.fixture
def encoded_texts(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The texts of each encoding of a request for embeddings."""
    seen: list[tuple[Any, ...]] = []
    kind: Any = type(load_codec("openai_rest.embeddings"))
    encode = kind.encode

    def noting(self: Any, call: Call, quirks: Any) -> Any:
        seen.append(call.request.texts)  # type: ignore[union-attr]
        return encode(self, call, quirks)

    monkeypatch.setattr(kind, "encode", noting)
    return seen


def guarded(to: AIModelEndpoint) -> AIModelClient:
    """A client with everything that looks at requests."""
    budget = BudgetLayer(Budget("100", "day", unknown="allow"))
    layers = [UsageLayer(MemoryLedger()), CacheLayer(MemoryCache(), policy="always"), budget]
    limits = LimitLayer(Limit(tokens_per_minute=1_000_000, requests_per_minute=100))
    return AIModelClient(to, layers=layers, attempt_layers=[limits])


@contextmanager
def closing_guarded(world: World, to: AIModelEndpoint) -> Iterator[AIModelClient]:
    client = guarded(to)
    try:
        yield client
    finally:
        world.close(client)


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_call_with_cache_budget_and_limits_is_encoded_once(
    provider: str, streaming: bool, encodings: list[str]
) -> None:
    made = endpoint("http://127.0.0.1", provider, **CONFIGS.get(provider, {}))
    with FakeServer(HELLO) as server:
        api = endpoint(server.url, provider, **CONFIGS.get(provider, {})).api
        with guarded(AIModelEndpoint(api=api, ai_model=made.ai_model)) as client:
            answer = client.generate("?", streaming=streaming, max_output_tokens=10)
            if streaming:
                list(answer.stream_generator)
            assert len(encodings) == 1
            client.generate("?", streaming=streaming, max_output_tokens=10)
            assert len(encodings) == 2
            assert len(server.exchanges) == 1


def test_layers_share_what_they_compute_of_a_request_until_it_changes(server: FakeServer) -> None:
    computed: list[str] = []

    def prompt_of(exchange: Exchange) -> str:
        computed.append(exchange.body["messages"][0]["content"])
        return computed[-1]

    class Computing:
        """A layer that computes something of the request, and of the same call with another prompt."""

        def bind(self, io: Any, target: Target) -> Layer:
            async def layer(call: Call, send: Send) -> Stream:
                assert (await target.exchange(call)).once(prompt_of) == "Hello?"
                assert (await target.exchange(call)).once(prompt_of) == "Hello?"
                other = replace(
                    call, messages=(call.messages[0].model_copy(update={"contents": [TextContent(text="Bye.")]}),)
                )
                assert (await target.exchange(other)).once(prompt_of) == "Bye."
                return await send(call)

            return layer

    server.add_replies(HELLO)
    with AIModelClient(endpoint(server.url), layers=[Computing()]) as client:
        assert client.generate("Hello?").text == "Hello!"
    assert computed == ["Hello?", "Bye."]


@pytest.fixture
def base64_inputs(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was written as base64, one entry for each time."""
    inputs: list[bytes] = []
    encode = base64.b64encode

    def counting(data: bytes, *args: Any) -> bytes:
        inputs.append(bytes(data))
        return encode(data, *args)

    monkeypatch.setattr(base64, "b64encode", counting)
    return inputs


@pytest.mark.parametrize("provider", ["openai", "anthropic", "google_ai", "amazon_bedrock", "ollama"])
def test_an_image_is_written_as_base64_once(
    provider: str, encodings: list[str], base64_inputs: list[bytes], world: World
) -> None:
    model = {"amazon_bedrock": "amazon.nova-pro-v1:0", "anthropic": "claude-sonnet-4-5"}.get(provider, "fake-1")
    with FakeServer(HELLO) as server:
        client = guarded(endpoint(server.url, provider, model, **CONFIGS.get(provider, {})))
        image = ImageContent(data=PNG, mime_type="image/png")
        world.run(client, ["What is this?", image], max_output_tokens=10)
        world.close(client)
        assert len(server.exchanges) == 1
    assert len(encodings) == 1
    assert base64_inputs.count(PNG) == 1


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
def test_the_kit_encodes_a_prompt_with_an_image_once(
    streaming: bool, server: FakeServer, encodings: list[str], base64_inputs: list[bytes], tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    server.add_replies(HELLO)
    settings = AiSettings(
        api_key="sk-not-a-key",
        model="gpt-4o",
        base_url=f"{server.url}/v1",
        cache_enabled=True,
        budget_usd=100,
        budget_unknown="allow",
        tokens_per_minute=1_000_000,
        usage_store="memory",
    )
    with AiClient(settings) as client:
        options: Any = {"files": [tmp_path / "a.png"], "max_tokens": 10}
        if streaming:
            list(client.ask_stream("What is this?", **options))
        else:
            client.ask("What is this?", **options)
    assert len(server.exchanges) == 1
    assert len(encodings) == 1
    assert base64_inputs.count(PNG) == 1


def test_a_retried_call_is_not_encoded_again(world: World, server: FakeServer, encodings: list[str]) -> None:
    server.add_replies(Refusal(503, "busy", headers={"retry-after-ms": "5"}), HELLO)
    client = guarded(endpoint(server.url))
    world.run(client, "?", max_output_tokens=10)
    world.close(client)
    assert len(server.exchanges) == 2
    assert len(encodings) == 1


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
def test_layers_see_the_request_as_it_is_sent(streaming: bool, world: World, server: FakeServer) -> None:
    server.add_replies(HELLO)
    seeing = Seeing()
    client = AIModelClient(endpoint(server.url), layers=[seeing])
    ask = world.stream if streaming else world.run
    ask(client, "?", temperature=0.5)
    world.close(client)
    assert json.loads(server.exchanges[0].body) == seeing.exchanges[0].body


def test_media_are_fetched_before_a_layer_sees_the_request(world: World, server: FakeServer) -> None:
    server.add_replies(HELLO)
    seeing = Seeing()
    with FakeServer(Raw(PNG, headers={"content-type": "image/png"})) as web:
        client = AIModelClient(endpoint(server.url, "ollama"), layers=[seeing], attempt_layers=[seeing])
        picture = ImageContent(url=f"{web.url}/a.png")
        world.run(client, ["What is this?", picture], fetching=Fetching(private=True))
        world.close(client)
        assert len(web.exchanges) == 1
    assert [dict(one.body) for one in seeing.exchanges] == [server.exchanges[0].json] * 2


def test_a_replaced_call_is_encoded_again(world: World, server: FakeServer) -> None:
    server.add_replies(HELLO)
    before, after = Seeing(), Seeing()

    async def colder(call: Call, send: Send) -> Stream:
        return await send(replace(call, config=call.config.model_copy(update={"temperature": 0.1})))

    client = AIModelClient(endpoint(server.url), layers=[before, colder, after])
    world.run(client, "?", temperature=0.9)
    world.close(client)
    assert (before.exchanges[0].body["temperature"], after.exchanges[0].body["temperature"]) == (0.9, 0.1)
    assert server.exchanges[0].json["temperature"] == 0.1


def test_a_request_that_cannot_be_written_is_the_same_error_with_layers(world: World, server: FakeServer) -> None:
    client = guarded(endpoint(server.url))
    with pytest.raises(ConfigurationError, match="cannot be written as JSON"):
        world.run(client, "half \ud83d")
    world.close(client)


def test_what_was_learned_meanwhile_is_in_the_next_exchange(world: World, server: FakeServer) -> None:
    """The answer belongs to the request that was accepted, so the second call finds it."""
    refused = {"error": {"message": "Unsupported parameter: 'temperature'", "param": "temperature",
                         "type": "invalid_request_error", "code": "unsupported_parameter"}}  # fmt: skip
    server.add_replies(Refusal(400, json.dumps(refused)), HELLO)
    model = AIModel(model_name=f"learner-{world.name}")
    to = endpoint(server.url).model_copy(update={"ai_model": model})
    client = AIModelClient(to, layers=[CacheLayer(MemoryCache(), policy="always")])
    first = world.run(client, "?", temperature=0.3).chat_response
    again = world.run(client, "?", temperature=0.3).chat_response
    world.close(client)
    assert (first.cached, again.cached) == (False, True)
    assert [one.code for one in again.warnings] == [one.code for one in first.warnings] == ["learned"]


def test_the_target_names_the_account_without_the_key(server: FakeServer) -> None:
    targets: list[Target] = []

    class Looking:
        def bind(self, io: Any, target: Target) -> Layer:
            targets.append(target)

            async def layer(call: Call, send: Send) -> Stream:
                return await send(call)

            return layer

    server.add_replies(HELLO, HELLO)
    for key in ("sk-one", "sk-two"):
        config = endpoint(server.url).api.config
        api = AIModelAPI(provider="openai", api_key=key, config=config)
        with AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m")), layers=[Looking()]) as client:
            client.generate("?")
    one, two = (target.account for target in targets)
    assert one is not None
    assert two is not None
    assert one != two
    assert "sk-" not in repr(targets) + one + two


def test_the_texts_of_embeddings_are_encoded_only_to_be_sent(
    world: World, encodings: list[str], encoded_texts: list[tuple[Any, ...]]
) -> None:
    """The key of a text needs the request without it, which a client encodes once for equal calls."""
    first, second = (tuple(f"text {number}" for number in range(start, start + 50)) for start in (0, 25))
    with FakeServer(SampleOperations(), forever=True) as server, closing_guarded(world, endpoint(server.url)) as client:
        world.ask(client, "embed", first)
        assert encoded_texts == [("",), first]
        world.ask(client, "embed", first)
        world.ask(client, "embed", second)
        assert encoded_texts == [("",), first, second[25:]]
        world.ask(client, "embed", first, dimensions=64)
        assert encoded_texts[3:] == [("",), first]
        assert len(server.exchanges) == 3
    assert len(encodings) == len(encoded_texts)


@pytest.mark.parametrize("name", ["rerank", "moderate", "ocr", "edit_image", "speak", "transcribe", "translate"])
def test_other_operations_are_encoded_once_too(name: str, world: World, encodings: list[str]) -> None:
    model, positional, named = ENGINE_CALLS[name]
    provider, _, served = model.partition("/")
    with FakeServer(SampleOperations(), forever=True) as server:
        to = endpoint(server.url, provider).model_copy(update={"ai_model": AIModel(model_name=served)})
        with closing_guarded(world, to) as client:
            world.ask(client, name, *positional, **named)
            assert len(encodings) == 1
            world.ask(client, name, *positional, **named)
    assert len(encodings) == 2


def test_a_layer_that_does_not_look_costs_no_encoding(world: World, server: FakeServer, encodings: list[str]) -> None:
    async def looks_away(call: Call, send: Send) -> Stream:
        return await send(call)

    server.add_replies(HELLO)
    client = AIModelClient(endpoint(server.url), layers=[looks_away], attempt_layers=[looks_away])
    world.run(client, "?")
    world.close(client)
    assert len(encodings) == 1


def test_ids_of_single_calls_are_no_secrets(server: FakeServer) -> None:
    """The forms of secrets are made once for a client; a secret that is new with each call would make them anew."""
    server.add_replies(HELLO, HELLO, HELLO)
    with AIModelClient(endpoint(server.url)) as client:
        client.generate("?")
        before = forms.cache_info().misses
        client.generate("?")
        client.generate("?")
    assert forms.cache_info().misses == before
