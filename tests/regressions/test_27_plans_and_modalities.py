"""A plan and a call agree, and models are shown what their vendors say they take in."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.catalog.model_info import find_facts
from dhenara.ai.errors import UnsupportedError
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import (
    AudioContent,
    FileContent,
    ImageContent,
    Message,
    Prompt,
    SearchResultContent,
    TextContent,
    ToolCallContent,
    ToolResultContent,
    VideoContent,
)
from support.worlds import World, endpoint

PARTS: dict[str, Any] = {
    "image": ImageContent(data=b"\x89PNG\r\n\x1a\n0", mime_type="image/png", name="a.png"),
    "bmp": ImageContent(data=b"BM0", mime_type="image/bmp", name="a.bmp"),
    "audio": AudioContent(data=b"sound", mime_type="audio/wav"),
    "transcribed": AudioContent(data=b"sound", mime_type="audio/wav", transcript="Hello"),
    "video": VideoContent(data=b"film", mime_type="video/mp4"),
    "pdf": FileContent(data=b"%PDF-1", mime_type="application/pdf", name="a.pdf"),
    "text": FileContent(data=b"a,b", mime_type="text/csv", name="a.csv"),
    "odd": FileContent(data=b"\x00\x01", mime_type="application/x-odd", name="a.odd"),
    "cited": FileContent(data=b"words", mime_type="text/plain", citations=True, context="old"),
    "found": SearchResultContent(source="https://example.org", title="T", text="words", citations=True),
    "elsewhere": ImageContent(file_id="f", stored_at="xai"),
}
MODELS = [
    ("openai", "gpt-3.5-turbo", {}),
    ("openai", "gpt-6-sol", {}),
    ("openai", "gpt-6-astra", {"protocol": "openai_responses"}),
    ("anthropic", "claude-sonnet-5-5", {}),
    ("google_ai", "gemini-3.8-flash", {}),
    ("amazon_bedrock", "amazon.nova-lite-v1:0", {"region": "us-east-1"}),
    ("amazon_bedrock", "amazon.nova-micro-v1:0", {"region": "us-east-1"}),
    ("cohere", "command-a-03-2025", {}),
    ("ollama", "any", {}),
    ("mistral", "mistral-large-4", {}),
    ("deepseek", "deepseek-flash", {}),
    ("moonshot", "kimi-k3", {}),
    ("openrouter", "any/model", {}),
]
ANSWER = Message(role="assistant", contents=[TextContent(text="So.")])
CALLED = Message(role="assistant", contents=[ToolCallContent(id="c1", name="look")])


def histories(part: Any) -> dict[str, list[Any]]:
    now = Prompt(contents=[TextContent(text="?"), part])
    shown = [] if part.type == "search_result" else [part]
    result = ToolResultContent(call_id="c1", name="look", contents=shown or [TextContent(text="-")])
    return {"now": [now], "before": [now, ANSWER, "And?"], "in a result": ["?", CALLED, result]}


@pytest.mark.parametrize("kind", PARTS)
@pytest.mark.parametrize(("provider", "model", "config"), MODELS, ids=lambda value: str(value))
def test_a_plan_and_a_call_agree(
    provider: str, model: str, config: dict[str, Any], kind: str, server: FakeServer
) -> None:
    with AIModelClient(endpoint(server.url, provider, model, **config)) as client:
        for messages in histories(PARTS[kind]).values():
            server.add_replies(Answer(text="Done."))
            planned: Any = None
            refusal = ""
            try:
                planned = client.plan(messages=messages, max_output_tokens=9)
            except UnsupportedError as error:
                refusal = str(error)
            try:
                answer = client.generate(messages=messages, max_output_tokens=9)
            except UnsupportedError as error:
                refused = str(error)
                server._script.clear()
            else:
                refused = ""
            assert bool(refused) == bool(refusal)
            assert refusal in refused
            if refused:
                continue
            assert planned is not None
            if answer.plan is not None:
                assert answer.plan == planned
            else:
                assert {part.outcome for part in planned.parts} <= {"verbatim"}
            assert answer.chat_response is not None
            assert answer.chat_response.warnings == planned.warnings


@pytest.mark.parametrize(
    "model", ["amazon.nova-lite-v1:0", "us.amazon.nova-pro-v1:0", "amazon.nova-premier-v1:0", "amazon.nova-2-lite-v1:0"]
)
@pytest.mark.parametrize("streaming", [False, True])
def test_nova_models_are_shown_videos(model: str, streaming: bool, world: World, server: FakeServer) -> None:
    server.add_replies(Answer(text="A film."))
    client = AIModelClient(endpoint(server.url, "amazon_bedrock", model, region="us-east-1"))
    (world.stream if streaming else world.run)(client, [PARTS["video"], "What happens?"])
    world.close(client)
    assert "video" in server.exchanges[0].json["messages"][0]["content"][0]


@pytest.mark.parametrize("model", ["glm-4.5v", "qwen-vl-max", "qwen3-vl-plus", "kimi-k3", "gemini-3.8-flash"])
def test_models_that_watch_videos_are_known_to(model: str) -> None:
    facts = find_facts(model)
    assert facts is not None
    assert "video" in facts.input_modalities


@pytest.mark.parametrize("model", ["amazon.nova-micro-v1:0", "gpt-3.5-turbo", "deepseek-flash"])
def test_models_that_only_read_are_not_shown_videos(model: str) -> None:
    facts = find_facts(model)
    assert facts is None or "video" not in facts.input_modalities


SOUND = {"audio/mpeg": "mp3", "audio/x-wav": "wav", "audio/wav": "wav", "audio/flac": "flac", "audio/mp4": "mp4"}


@pytest.mark.parametrize("model", ["mistral.voxtral-small-24b-2507", "amazon.nova-2-omni-v1:0"])
@pytest.mark.parametrize("mime_type", SOUND)
def test_models_on_bedrock_hear_sound(model: str, mime_type: str, world: World, server: FakeServer) -> None:
    server.add_replies(Answer(text="A bell."))
    client = AIModelClient(endpoint(server.url, "amazon_bedrock", model, region="us-east-1"))
    part = AudioContent(data=b"sound", mime_type=mime_type)
    answer = world.run(client, [part, "What is it?"], strict=True)
    world.close(client)
    block = server.exchanges[0].json["messages"][0]["content"][0]
    assert block == {"audio": {"format": SOUND[mime_type], "source": {"bytes": "c291bmQ="}}}
    assert answer.chat_response is not None
    assert answer.chat_response.warnings == []


@pytest.mark.parametrize("provider", ["openai", "cohere", "deepseek", "ollama", "amazon_bedrock", "google_ai"])
@pytest.mark.parametrize(
    "part",
    [
        FileContent(data=b"PK", mime_type="application/zip", name="a.zip"),
        ImageContent(file_id="file-1"),
        FileContent(url="s3://bucket/a.pdf", mime_type="application/pdf"),
    ],
    ids=lambda part: str(part.type),
)
@pytest.mark.parametrize("in_result", [False, True])
def test_no_message_is_an_empty_list(provider: str, part: Any, in_result: bool, server: FakeServer) -> None:
    call = {"role": "assistant", "contents": [ToolCallContent(id="abcdefghi", name="find")]}
    actual = ["?", call, ToolResultContent(call_id="abcdefghi", contents=[part])]
    server.add_replies(Answer(text="Hm."))
    region = {"region": "us-east-1"} if provider == "amazon_bedrock" else {}
    with AIModelClient(endpoint(server.url, provider, **region)) as client, contextlib.suppress(UnsupportedError):
        client.generate(messages=actual if in_result else [part], max_output_tokens=9)
    for exchange in server.exchanges:
        turns = exchange.json.get("messages") or exchange.json["contents"]
        assert all(turn.get("content") != [] and turn.get("parts") != [] for turn in turns)


@pytest.mark.parametrize(("provider", "model"), [("openai", "gpt-5.4"), ("anthropic", "claude-haiku-5-5")])
@pytest.mark.parametrize(
    ("message", "config"),
    [
        (PARTS["video"], {}),
        (PARTS["found"], {"strict": True, "seed": 1, "top_k": 3}),
        (Message(role="tool", contents=[ToolResultContent(call_id="", output="x")]), {"strict": True}),
    ],
    ids=["video", "strict", "left out"],
)
def test_a_refusal_names_the_provider_and_the_model(
    provider: str, model: str, message: Any, config: Any, server: FakeServer
) -> None:
    with AIModelClient(endpoint(server.url, provider, model)) as client, pytest.raises(UnsupportedError) as refused:
        client.generate(messages=["Hi", message], **config)
    assert provider in str(refused.value)
    assert model in str(refused.value)
