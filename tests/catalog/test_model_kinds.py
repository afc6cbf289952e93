"""Models that do not chat are not sent to chat: the error says what they do and which operation they need."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from ai_utilities import AiClient, AsyncAiClient
from dhenara.ai import AIModelClient
from dhenara.ai.catalog import use_tables
from dhenara.ai.catalog.capabilities import KINDS, kind_of_model
from dhenara.ai.catalog.host_facts import host_table
from dhenara.ai.errors import ConfigurationError, UnsupportedError
from dhenara.ai.pipeline.request_builder import RequestBuilder
from dhenara.ai.providers.operation_routes import OPERATION_NOUNS
from dhenara.ai.providers.provider_names import KNOWN
from dhenara.ai.providers.target import resolve
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModel, AIModelCallConfig, AIModelEndpoint, Call, Prompt
from support.worlds import endpoint

NOTHING_HERE = "no operation of this library does that"
# Model, what it does, and what the error names.
OTHERS = [
    ("openai/sora-2", "generates videos", NOTHING_HERE),
    ("openai/sora-9-pro", "generates videos", NOTHING_HERE),
    ("google/veo-3.1-generate-preview", "generates videos", NOTHING_HERE),
    ("xai/grok-imagine-video", "generates videos", NOTHING_HERE),
    ("minimax/MiniMax-Hailuo-2.3", "generates videos", NOTHING_HERE),
    ("minimax/hailuo-02", "generates videos", NOTHING_HERE),
    ("openrouter/runway/gen-4.5-turbo", "generates videos", NOTHING_HERE),
    ("openrouter/luma/ray-3", "generates videos", NOTHING_HERE),
    ("together/bytedance/seedance-2.0", "generates videos", NOTHING_HERE),
    ("openrouter/pixverse/pixverse-v6", "generates videos", NOTHING_HERE),
    ("google/lyria-3-pro-preview", "generates music", NOTHING_HERE),
    ("openai/gpt-realtime", "realtime", NOTHING_HERE),
    ("openai/gpt-realtime-of-tomorrow", "realtime", NOTHING_HERE),
    ("google/gemini-live-2.5-flash", "realtime", NOTHING_HERE),
    ("bedrock/amazon.nova-2-sonic-v1:0", "realtime", NOTHING_HERE),
    ("openai/text-embedding-3-small", "embeddings", r"embed\(texts\)"),
    ("google/gemini-embedding-9", "embeddings", r"embed\(texts\)"),
    ("deepinfra/BAAI/bge-m3", "embeddings", r"embed\(texts\)"),
    ("openai/omni-moderation-latest", "moderates", r"moderate\(texts\)"),
    ("openai/gpt-4o-mini-tts", "speaks", r"speak\(text\)"),
    ("google/gemini-2.5-flash-preview-tts", "speaks", r"speak\(text\)"),
    ("openai/gpt-4o-transcribe", "transcribes", r"transcribe\(audio\)"),
    ("groq/whisper-large-v9", "transcribes", r"transcribe\(audio\)"),
    ("cohere/rerank-v3.5", "ranks", r"rerank\(query, documents\)"),
    ("mistral/mistral-ocr-latest", "OCR", r"ocr\(document\)"),
    ("together/black-forest-labs/FLUX.2-pro", "images", r"image\(prompt\)"),
    ("anthropic/text-embedding-3-small", "embeddings", "embeddings is not offered here"),
]


@pytest.mark.parametrize(("model", "does", "named"), OTHERS)
def test_generate_says_what_the_model_is_for(model: str, does: str, named: str, server: FakeServer) -> None:
    with (
        AIModelClient(model, api_key="k", base_url=server.url, region="us-east-1") as client,
        pytest.raises(UnsupportedError, match=f"(?s){does}.*{named}"),
    ):
        client.generate("Hello")
    assert server.exchanges == []


@pytest.mark.parametrize(("model", "does", "named"), OTHERS)
def test_ask_says_what_the_model_is_for(model: str, does: str, named: str, server: FakeServer) -> None:
    config = {"region": "us-east-1"} if model.startswith("bedrock") else {}
    with (
        AiClient(model, api_key="k", base_url=server.url, provider_config=config) as client,
        pytest.raises(UnsupportedError, match=f"(?s){does}.*{named}"),
    ):
        client.ask("Hello")
    assert server.exchanges == []


@pytest.mark.parametrize(("model", "call"), [("voyage/voyage-3", "embed"), ("deepgram/nova-3", "transcribe")])
def test_providers_that_do_not_chat_say_what_they_do(model: str, call: str) -> None:
    with (
        pytest.raises(ConfigurationError, match=rf"\({model.partition('/')[2]}\): .* does not chat\. Call .*{call}"),
        AIModelClient(model, api_key="k") as client,
    ):
        client.generate("Hello")


@pytest.mark.parametrize("model", ["openai/dall-e-3", "openai/gpt-image-2", "xai/grok-2-image"])
def test_ask_sends_nothing_to_a_model_that_draws(model: str, server: FakeServer) -> None:
    with AiClient(model, api_key="k", base_url=server.url) as client:
        for send in (client.ask, lambda prompt: list(client.ask_stream(prompt)), client.ask_json):
            with pytest.raises(UnsupportedError, match=r"generates images and does not chat\. Call image\(prompt\)"):
                send("A fox")
    assert server.exchanges == []


def test_ask_async_sends_nothing_to_a_model_that_draws(server: FakeServer) -> None:
    async def script() -> None:
        async with AsyncAiClient("openai/dall-e-3", api_key="k", base_url=server.url) as client:
            with pytest.raises(UnsupportedError, match="generates images"):
                await client.ask("A fox")
            with pytest.raises(UnsupportedError, match="generates images"):
                await anext(aiter(client.ask_stream("A fox")))

    asyncio.run(script())
    assert server.exchanges == []


def test_a_type_that_the_user_sets_is_believed(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"))
    here = endpoint(server.url)
    chats = AIModel(model_name="sora-2", functional_type="text_generation")
    with AIModelClient(here.model_copy(update={"ai_model": chats})) as client:
        assert client.generate("Hello").text == "Hello!"
    embeds = AIModel(model_name="gpt-5.4", functional_type="embedding")
    with (
        AIModelClient(here.model_copy(update={"ai_model": embeds})) as client,
        pytest.raises(UnsupportedError, match="makes embeddings"),
    ):
        client.generate("Hello")


def test_names_on_own_servers_and_of_deployments_say_nothing() -> None:
    for provider in ("vllm", "ollama", "openai_compatible"):
        assert kind_of_model(provider, "my-embedding-tts") is None
    assert kind_of_model("openai", "gpt-5.4") is None


@pytest.mark.parametrize("host", sorted(set(KNOWN.values())))
def test_no_chat_model_of_a_table_is_refused(host: str) -> None:
    """Except those that lists call chat models, because they are used through a chat API of the vendor."""
    not_really = ("-tts", "lyria-", "flux", "realtime")
    for name, by_source in host_table(host).get("models", {}).items():
        kinds = {facts["functional_type"] for facts in by_source.values() if "functional_type" in facts}
        if kinds == {"text_generation"} and not any(part in name for part in not_really):
            assert kind_of_model(host, name) is None, name


def test_every_kind_names_an_operation_that_exists() -> None:
    assert {one.operation for one in KINDS.values()} - {None} <= OPERATION_NOUNS.keys()


def test_a_table_that_is_replaced_says_the_kinds_anew(tmp_path: Path) -> None:
    """Also to a client that has sent requests before."""
    target = resolve(AIModelEndpoint.of("groq/a-model-of-tomorrow", "k"), {})
    builder = RequestBuilder(target, lambda: 0.0)
    a_call = Call(target.endpoint, (Prompt(text="?"),), AIModelCallConfig())
    assert kind_of_model("groq", "a-model-of-tomorrow") is None
    assert builder.write(a_call).body["model"] == "a-model-of-tomorrow"
    row = {"mine": {"functional_type": "embedding"}}
    table = {"host": "groq", "date": "2099-01-01", "aliases": {}, "models": {"a-model-of-tomorrow": row}}
    table["sources"] = {"mine": {"name": "a list", "date": "2026-11-29"}}
    (tmp_path / "hosts").mkdir()
    (tmp_path / "hosts" / "groq.json").write_text(json.dumps(table), encoding="utf-8")
    use_tables(tmp_path)
    try:
        assert kind_of_model("groq", "a-model-of-tomorrow") == "embedding"
        for _ in range(2):
            with pytest.raises(UnsupportedError, match="makes embeddings"):
                builder.write(a_call)
    finally:
        use_tables(None)
    assert kind_of_model("groq", "a-model-of-tomorrow") is None
    assert builder.write(a_call).body["messages"]
