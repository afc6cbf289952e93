"""Requests that differ in a byte that is sent, in their address or in their account never share a cache entry."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ai_utilities import AiClient, AiSettings, AskResult, BaseProvider, UsageData, register_provider
from ai_utilities.cache import CacheLayer, MemoryCache, caching
from dhenara.ai import AIModelClient
from dhenara.ai.errors import UnsupportedError
from dhenara.ai.providers.provider import KNOWN
from dhenara.ai.testing import Answer, FakeServer, Raw, SampleOperations
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelEndpoint,
    AudioContent,
    Fetching,
    FileContent,
    ImageContent,
    ToolDefinition,
    VideoContent,
)
from support.pairs import every_pair
from support.worlds import World, endpoint

HELLO = Answer(text="Hello!")
PNG = b"\x89PNG\r\n\x1a\n" + b"." * 20
PDF = b"%PDF-1.7 ..."
WAV = b"RIFF\x24\0\0\0WAVEfmt " + bytes(40)
MP4 = b"\0\0\0\x18ftypmp42" + bytes(20)
KINDS: dict[str, tuple[type[Any], bytes, str, str]] = {
    "image": (ImageContent, PNG, "image/png", "png"),
    "pdf": (FileContent, PDF, "application/pdf", "pdf"),
    "text": (FileContent, b"some words", "text/plain", "txt"),
    "audio": (AudioContent, WAV, "audio/wav", "wav"),
    "video": (VideoContent, MP4, "video/mp4", "mp4"),
}
NO_CHAT = ("voyage", "deepgram", "local")
CHAT = sorted(set(KNOWN.values()) - set(NO_CHAT))
MODELS = {"amazon_bedrock": "amazon.nova-pro-v1:0", "google_ai": "gemini-2.5-flash", "anthropic": "claude-sonnet-4-5"}
CONFIGS: dict[str, dict[str, Any]] = {
    "google_vertex_ai": {"project_id": "p", "location": "global"},
    "amazon_bedrock": {"region": "us-east-1"},
}
HERE = Fetching(private=True)


def at(server: FakeServer, provider: str, *, key: str = "sk-one", query: str = "", **config: Any) -> AIModelEndpoint:
    """An endpoint at the fake server."""
    made = endpoint(server.url, provider, MODELS.get(provider, "fake-1"), **CONFIGS.get(provider, {}), **config)
    base = made.api.config["base_url"] + query
    api = AIModelAPI(provider=provider, api_key=key, config={**made.api.config, "base_url": base})
    return AIModelEndpoint(api=api, ai_model=made.ai_model)


def cached_client(to: AIModelEndpoint, cache: MemoryCache, **more: Any) -> AIModelClient:
    return AIModelClient(to, layers=[CacheLayer(cache, policy="always", **more)])


@pytest.fixture
def web() -> Iterator[FakeServer]:
    """A web server with files."""
    with FakeServer() as running:
        yield running


@pytest.fixture
def talker() -> Iterator[FakeServer]:
    """A provider that gives the same answer to everything."""
    with FakeServer(HELLO, forever=True) as running:
        yield running


def requests_of(ask: Callable[..., Any], client: AIModelClient, parts: list[Any], server: FakeServer) -> list[Any]:
    """What is sent for these parts, one request after the other."""
    before = len(server.exchanges)
    try:
        for part in parts:
            ask(client, ["What is this?", part])
    except UnsupportedError as error:
        assert len(server.exchanges) == before
        pytest.skip(str(error))
    return [(exchange.path, exchange.body) for exchange in server.exchanges[before:]]


def ask_whole(client: AIModelClient, prompt: Any) -> None:
    client.generate(prompt, fetching=HERE)


def ask_streamed(client: AIModelClient, prompt: Any) -> None:
    list(client.generate(prompt, fetching=HERE, streaming=True).stream_generator)


MODES = {"whole": ask_whole, "streamed": ask_streamed}


@pytest.mark.parametrize(
    ("provider", "kind", "place", "mode"), every_pair(CHAT, KINDS, ["bytes", "addresses", "one address"], MODES)
)
def test_two_files_are_two_entries_wherever_the_requests_differ(
    provider: str, kind: str, place: str, mode: str, web: FakeServer, talker: FakeServer
) -> None:
    """Sent without a cache, these requests are equal only if the file is not in them."""
    ask = MODES[mode]
    content, data, mime_type, ending = KINDS[kind]
    files = [data + b"1", data + b"2", data + b"2"]
    if place == "bytes":
        parts = [content(data=one, mime_type=mime_type) for one in files]
    else:
        web.add_replies(*(Raw(one, headers={"content-type": mime_type}) for one in (*files, *files)))
        names = ["same"] * 3 if place == "one address" else ["first", "second", "second"]
        parts = [content(url=f"{web.url}/{name}.{ending}", mime_type=mime_type) for name in names]
    with AIModelClient(at(talker, provider)) as client:
        expected = requests_of(ask, client, parts, talker)
    with cached_client(at(talker, provider), MemoryCache()) as client:
        sent = requests_of(ask, client, parts, talker)
    assert sent == list(dict.fromkeys(expected))


LARGE = b"%PDF-1.7 " + bytes(30_000_000)


def uploaded(number: int) -> Raw:
    file = {"id": f"file_{number}", "type": "file", "filename": "x", "mime_type": "application/pdf", "size_bytes": 1,
            "created_at": "2026-01-01T00:00:00Z", "downloadable": False}  # fmt: skip
    return Raw(json.dumps(file).encode())


@pytest.mark.parametrize("place", ["bytes", "addresses", "one address"])
def test_two_large_files_that_are_uploaded_are_two_entries(place: str, web: FakeServer) -> None:
    files = [LARGE + place.encode() + b"%d" % number for number in (1, 2, 2)]
    web.add_replies(*(Raw(data, headers={"content-type": "application/pdf"}) for data in files))
    names = ["same"] * 3 if place == "one address" else ["first", "second", "second"]
    with FakeServer(uploaded(1), HELLO, uploaded(2), HELLO) as server:
        with cached_client(at(server, "anthropic"), MemoryCache()) as client:
            for name, data in zip(names, files, strict=True):
                part = FileContent(data=data, mime_type="application/pdf", name=f"{name}.pdf")
                linked = FileContent(url=f"{web.url}/{name}.pdf", mime_type="application/pdf")
                client.generate(["What is this?", part if place == "bytes" else linked], fetching=HERE)
        sent = [exchange.path.partition("?")[0] for exchange in server.exchanges]
    assert sent == ["/v1/files", "/v1/messages", "/v1/files", "/v1/messages"]


def test_where_a_large_file_stands_is_part_of_the_key() -> None:
    part = FileContent(data=LARGE, mime_type="application/pdf")
    with FakeServer(uploaded(3), HELLO, uploaded(3), HELLO) as server:
        with cached_client(at(server, "anthropic"), MemoryCache()) as client:
            client.generate(["one", part, "two"])
            client.generate(["one", "two", part])
        sent = [exchange.body for exchange in server.exchanges if exchange.path.startswith("/v1/messages")]
    assert len(set(sent)) == 2


Change = Callable[[FakeServer, str], AIModelEndpoint]
PLACES: dict[str, tuple[Change, Change]] = {
    "query of the address": (
        lambda server, provider: at(server, provider, query="?tenant=a"),
        lambda server, provider: at(server, provider, query="?tenant=b"),
    ),
    "API key": (
        lambda server, provider: at(server, provider, key="sk-one"),
        lambda server, provider: at(server, provider, key="sk-two"),
    ),
    "cookie": (
        lambda server, provider: at(server, provider, headers={"cookie": "session=a"}),
        lambda server, provider: at(server, provider, headers={"Cookie": "session=b"}),
    ),
    "tenant header": (
        lambda server, provider: at(server, provider, headers={"x-tenant": "a"}),
        lambda server, provider: at(server, provider, headers={"x-tenant": "b"}),
    ),
    "baggage": (
        lambda server, provider: at(server, provider, headers={"baggage": "tenant=a"}),
        lambda server, provider: at(server, provider, headers={"baggage": "tenant=b"}),
    ),
    "configured id": (
        lambda server, provider: at(server, provider, headers={"x-request-id": "a"}),
        lambda server, provider: at(server, provider, headers={"x-request-id": "b"}),
    ),
    "user agent": (
        lambda server, provider: at(server, provider, headers={"user-agent": "a"}),
        lambda server, provider: at(server, provider, headers={"user-agent": "b"}),
    ),
}


@pytest.mark.parametrize(("provider", "place", "streaming"), every_pair(CHAT, PLACES, [False, True]))
def test_another_address_header_or_account_is_another_entry(
    provider: str, place: str, streaming: bool, talker: FakeServer
) -> None:
    cache = MemoryCache()
    for made in (*PLACES[place], PLACES[place][1]):
        with cached_client(made(talker, provider), cache) as client:
            answer = client.generate("?", streaming=streaming)
            if streaming:
                list(answer.stream_generator)
    assert len(talker.exchanges) == 2


OPERATIONS: dict[str, tuple[str, str, str, tuple[Any, ...], dict[str, Any]]] = {
    "embed": ("openai", "text-embedding-3-small", "embed", ("a",), {}),
    "embed a picture": ("cohere", "embed-v4.0", "embed", ([ImageContent(data=PNG, mime_type="image/png")],), {}),
    "rerank": ("cohere", "rerank-v3.5", "rerank", ("cats", ["cats sleep", "dogs bark"]), {}),
    "moderate": ("openai", "omni-moderation-latest", "moderate", ("a",), {}),
    "transcribe": ("openai", "whisper-1", "transcribe", (WAV,), {}),
    "image": ("openai", "gpt-image-1", "generate", ("a cat",), {}),
    "speak": ("openai", "gpt-4o-mini-tts", "speak", ("hello",), {}),
    "count tokens": ("anthropic", "claude-sonnet-4-5", "count_tokens", ("a",), {}),
}


def placed(server: FakeServer, provider: str, model: str, **more: Any) -> AIModelEndpoint:
    made = at(server, provider, **more)
    return made.model_copy(update={"ai_model": AIModel(model_name=model)})


@pytest.mark.parametrize("change", [{"key": "sk-two"}, {"query": "?tenant=b"}, {"headers": {"x-tenant": "b"}}], ids=str)
@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_other_than_chat_are_cached_by_account_and_address(
    name: str, change: dict[str, Any], world: World
) -> None:
    provider, model, operation, args, more = OPERATIONS[name]
    cache = MemoryCache()
    with FakeServer(SampleOperations(), forever=True) as server:
        for to in ({}, change, change):
            client = cached_client(placed(server, provider, model, **to), cache)
            with caching("always"):
                world.ask(client, operation, *args, **more)
            world.close(client)
        assert len(server.exchanges) == 2


def without_ids(headers: dict[str, str]) -> dict[str, str]:
    """Without what names one sending of a request."""
    return {name: value for name, value in headers.items() if "idempotency" not in name}


PARAMETERS: list[dict[str, Any]] = [
    {"temperature": 0.1}, {"top_p": 0.5}, {"max_output_tokens": 7}, {"stop": ["x"]}, {"seed": 1}, {"user": "me"},
    {"instructions": "be brief"}, {"options": {"anything": 1}}, {"headers": {"x-more": "1"}}, {"metadata": {"a": "b"}},
    {"logprobs": True, "headers": {"baggage": "tenant=a"}},
    {"stop": (), "options": {"stream_options": {"include_usage": True}}},
    {"tools": [ToolDefinition(name="look", description="looks", parameters={"type": "object", "properties": {}})]},
    {"structured_output": {"type": "object", "properties": {"a": {"type": "string"}}}},
]  # fmt: skip


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda one: next(iter(one)))
@pytest.mark.parametrize("provider", CHAT)
def test_what_changes_the_request_changes_the_entry_and_nothing_else_does(
    provider: str, parameter: dict[str, Any], talker: FakeServer
) -> None:
    with cached_client(at(talker, provider), MemoryCache()) as client:
        client.generate("?")
        try:
            client.generate("?", **parameter)
            client.generate("?", **parameter)
        except Exception as error:
            if type(error).__name__ not in ("UnsupportedError", "BadAnswerError"):
                raise
            pytest.skip(f"{provider}: {error}")
    sent = [(exchange.path, without_ids(exchange.headers), exchange.body) for exchange in talker.exchanges]
    with AIModelClient(at(talker, provider)) as client:
        client.generate("?", **parameter)
    last = talker.exchanges[-1]
    differs = last.body != sent[0][2] or without_ids(last.headers) != sent[0][1]
    assert len(sent) == (2 if differs or "user" in parameter else 1)  # users are apart wherever they are sent


@pytest.mark.parametrize("provider", CHAT)
def test_equal_requests_share_an_entry_streamed_or_not(provider: str, talker: FakeServer) -> None:
    cache = MemoryCache()
    for streaming in (True, False, True, False):
        with cached_client(at(talker, provider), cache) as client:
            answer = client.generate("?", streaming=streaming)
            if streaming:
                list(answer.stream_generator)
    assert len(talker.exchanges) == 1


def test_accounts_may_share_entries_where_the_layer_says_so(talker: FakeServer) -> None:
    cache = MemoryCache()
    for key in ("sk-one", "sk-two"):
        with cached_client(at(talker, "openai", key=key), cache, share_accounts=True) as client:
            client.generate("?")
    assert len(talker.exchanges) == 1
    for tenant in ("a", "b"):
        to = at(talker, "openai", headers={"x-tenant": tenant})
        with cached_client(to, cache, share_accounts=True) as client:
            client.generate("?")
    assert len(talker.exchanges) == 3


def test_a_block_of_the_program_may_share_between_accounts(talker: FakeServer) -> None:
    cache = MemoryCache()
    for key in ("sk-one", "sk-two"):
        with cached_client(at(talker, "openai", key=key), cache) as client, caching(share_accounts=True):
            client.generate("?")
    assert len(talker.exchanges) == 1


def test_tokens_from_a_function_separate_accounts(talker: FakeServer, world: World) -> None:
    cache, tokens = MemoryCache(), ["tok-a", "tok-b", "tok-b"]
    made = at(talker, "openai")
    api = AIModelAPI(provider="openai", credentials={"token": lambda: tokens[0]}, config=made.api.config)
    client = cached_client(AIModelEndpoint(api=api, ai_model=made.ai_model), cache)
    while tokens:
        world.run(client, "?")
        tokens.pop(0)
    world.close(client)
    assert len(talker.exchanges) == 2


def test_keys_of_aws_separate_accounts(talker: FakeServer) -> None:
    cache, made = MemoryCache(), at(talker, "amazon_bedrock")
    for name in ("AKIAONE", "AKIATWO", "AKIATWO"):
        credentials = {"access_key_id": name, "secret_access_key": "s"}
        api = AIModelAPI(provider="amazon_bedrock", credentials=credentials, config=made.api.config)
        with cached_client(AIModelEndpoint(api=api, ai_model=made.ai_model), cache) as client:
            client.generate("?")
    assert len(talker.exchanges) == 2


def test_no_secret_stands_in_a_key_or_an_entry(talker: FakeServer, tmp_path: Path) -> None:
    cache = MemoryCache()
    with cached_client(at(talker, "openai", key="sk-very-secret", headers={"cookie": "crumbs"}), cache) as client:
        client.generate("?")
    stored = [f"{key} {cache.get_text(key)}" for key in cache.stored_keys()]
    assert len(stored) == 1
    assert not any("very-secret" in one or "crumbs" in one for one in stored)


def test_entries_of_the_former_key_are_not_used(talker: FakeServer) -> None:
    from ai_utilities.cache.entry import VERSION

    assert VERSION >= 2


def kit_settings(server: FakeServer, **more: Any) -> AiSettings:
    return AiSettings(
        provider="openai", model="fake-1", base_url=f"{server.url}/v1", cache_enabled=True, cache_policy="always",
        **{"api_key": "sk-one", **more}, _env_file=None,
    )  # fmt: skip


@pytest.mark.parametrize("change", [{"api_key": "sk-two"}, {"system_prompt": "be brief"}], ids=str)
def test_clients_of_the_kit_separate_accounts(change: dict[str, Any], talker: FakeServer) -> None:
    cache = MemoryCache()
    for more in ({}, change, change):
        with AiClient(kit_settings(talker, **more), cache=cache) as client:
            client.ask("?")
    assert len(talker.exchanges) == 2


def test_settings_of_the_kit_may_share_between_accounts(talker: FakeServer) -> None:
    cache = MemoryCache()
    for key in ("sk-one", "sk-two"):
        with AiClient(kit_settings(talker, api_key=key, cache_share_accounts=True), cache=cache) as client:
            client.ask("?")
    assert len(talker.exchanges) == 1


def test_equal_calls_of_two_accounts_at_the_same_time_are_both_sent(talker: FakeServer) -> None:
    async def main() -> None:
        layer = CacheLayer(MemoryCache(), policy="always")
        clients = [AIModelClient(at(talker, "openai", key=key), layers=[layer]) for key in ("sk-one", "sk-two")]
        await asyncio.gather(*(client.generate_async("?") for client in clients for _ in range(3)))
        for client in clients:
            await client.aclose()

    asyncio.run(main())
    assert len(talker.exchanges) == 2
    assert len({exchange.headers["authorization"] for exchange in talker.exchanges}) == 2


def test_regions_that_only_the_signature_names_are_two_entries(talker: FakeServer) -> None:
    cache, made = MemoryCache(), at(talker, "amazon_bedrock")
    credentials = {"access_key_id": "AKIAONE", "secret_access_key": "s"}
    for region in ("us-east-1", "eu-west-1", "eu-west-1"):
        config = {**made.api.config, "region": region}
        api = AIModelAPI(provider="amazon_bedrock", credentials=credentials, config=config)
        with cached_client(AIModelEndpoint(api=api, ai_model=made.ai_model), cache) as client:
            client.generate("?")
    scopes = [exchange.headers["authorization"].split("/")[2] for exchange in talker.exchanges]
    assert scopes == ["us-east-1", "eu-west-1"]


@pytest.mark.parametrize("place", ["client", "endpoint"])
def test_client_certificates_separate_accounts(place: str, talker: FakeServer, tmp_path: Path) -> None:
    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    for name in ("a", "b"):
        issued = authority.issue_cert(f"{name}.example")
        issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / f"{name}.pem")
    (tmp_path / "copy.pem").write_bytes((tmp_path / "b.pem").read_bytes())
    cache = MemoryCache()
    for shared in (False, True):
        layer = CacheLayer(cache, policy="always", share_accounts=shared)
        for name in ("a", "b", "copy"):
            cert = str(tmp_path / f"{name}.pem")
            to = at(talker, "openai", **({"cert": cert} if place == "endpoint" else {}))
            more: dict[str, Any] = {"cert": cert} if place == "client" else {}
            with AIModelClient(to, layers=[layer], **more) as client:
                client.generate("?")
    assert len(talker.exchanges) == 3


def test_ready_tls_contexts_count_by_themselves(talker: FakeServer) -> None:
    cache = MemoryCache()
    contexts = [ssl.create_default_context() for _ in range(2)]
    for context in (*contexts, contexts[0]):
        with AIModelClient(at(talker, "openai"), layers=[CacheLayer(cache, policy="always")], verify=context) as client:
            client.generate("?")
    assert len(talker.exchanges) == 2


class KeyOnly:
    """A layer that notes the key and sends nothing."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def bind(self, io: Any, target: Any) -> Any:
        async def noted(call: Any, send: Any) -> Any:
            self.keys.append(await (await target.exchange(call)).key())
            raise LookupError

        return noted


def test_the_file_of_a_model_in_this_process_is_part_of_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    layer = KeyOnly()
    to = AIModelEndpoint(api=AIModelAPI(provider="local"), ai_model=AIModel(model_name="smollm2-135m"))
    for name, data in (("one", b"a"), ("two", b"a"), ("two", b"a"), ("two", b"ab")):
        path = tmp_path / f"{name}.gguf"
        if not path.exists() or path.read_bytes() != data:
            path.write_bytes(data)
        monkeypatch.setenv("DHENARA_LOCAL_MODEL", str(path))
        client = AIModelClient(to, layers=[layer])
        with pytest.raises(LookupError):
            world.run(client, "?")
        world.close(client)
    one, two, again, changed = layer.keys
    assert two == again
    assert len({one, two, changed}) == 3


class Counting(BaseProvider):
    """A provider of one's own."""

    def ask(self, prompt: Any, **options: Any) -> AskResult:
        return AskResult(text="an answer", usage=UsageData())


def lookups(*questions: tuple[dict[str, Any], dict[str, Any]]) -> int:
    """How many of these questions, each with its settings and options, are not answered by the cache."""
    register_provider("counting", Counting)
    cache, requested = MemoryCache(), 0
    for provided, options in questions:
        settings = AiSettings(
            provider="counting", cache_enabled=True, cache_policy="always", **provided, _env_file=None
        )
        with AiClient(settings, cache=cache) as client:
            requested += not client.ask("\ud800?", **options).cached
    return requested


@pytest.mark.parametrize("kind", [str, Path])
def test_a_file_for_a_provider_of_ones_own_counts_by_its_content(kind: Callable[[str], Any], tmp_path: Path) -> None:
    place = tmp_path / "notes.txt"
    register_provider("counting", Counting)
    cached = []
    settings = AiSettings(provider="counting", cache_enabled=True, cache_policy="always", _env_file=None)
    with AiClient(settings) as client:
        for words in ("one", "two", "two"):
            place.write_text(words)
            cached.append(client.ask("?", files=[kind(str(place))]).cached)
    assert cached == [False, False, True]


def test_names_and_certificates_separate_entries_of_a_provider_of_ones_own() -> None:
    assert lookups(({}, {}), ({}, {})) == 1
    assert lookups(({}, {"options": {1: "a"}}), ({}, {"options": {"1": "a"}})) == 2
    assert lookups(({"cert": "/a.pem"}, {}), ({"cert": "/b.pem"}, {})) == 2


def test_an_answer_that_json_cannot_say_is_not_stored() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": '{"x": 1e999, "y": NaN}'}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    body = {"id": "x", "object": "chat.completion", "model": "m", "choices": [
        {"index": 0, "finish_reason": "tool_calls", "message": message}]}  # fmt: skip
    with FakeServer(Raw(json.dumps(body).encode()), forever=True) as server:
        with cached_client(at(server, "openai"), MemoryCache()) as client:
            first, again = (client.generate("?").chat_response for _ in range(2))
        assert len(server.exchanges) == 2
    assert repr(first.tool_calls()) == repr(again.tool_calls())


def test_an_entry_without_an_answer_is_not_given_again(talker: FakeServer) -> None:
    cache = MemoryCache()
    with cached_client(at(talker, "openai"), cache) as client:
        client.generate("?")
        (key,) = cache.stored_keys()
        number = json.loads(cache.get_text(key) or "")["format"]
        cache.set_text(key, json.dumps({"format": number, "answer": {}}))
        assert client.generate("?").chat_response.text() == "Hello!"
    assert len(talker.exchanges) == 2
