"""Operations other than chat along a route, and what is stored at one deployment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import NoDeploymentError, RateLimitError, UnsupportedError
from dhenara.ai.testing import Answer, FakeBatches, FakeServer, Refusal
from dhenara.ai.types import (
    AIModelEndpoint,
    CodeExecution,
    ContainerUploadContent,
    Deployment,
    FileContent,
    FileSearch,
    ImageContent,
    PromptCache,
)
from support.worlds import World, endpoint

HELLO = Answer(text="Hello!")
LIMITED = Refusal(429, "slow down", headers={"retry-after": "3600"})
WAV = b"RIFF$\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0@\x1f\0\0\x80>\0\0\2\0\x10\0data\0\0\0\0"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


@pytest.fixture
def spare() -> Iterator[FakeServer]:
    with FakeServer() as standing_by:
        yield standing_by


def one_of(url: str, provider: str, model: str, name: str) -> Deployment:
    return Deployment(endpoint=endpoint(url, provider, model), name=name)


OPERATIONS: list[tuple[str, str, str, tuple[Any, ...], dict[str, Any]]] = [
    ("embed", "openai", "text-embedding-3-small", (["words"],), {}),
    ("rerank", "cohere", "rerank-v3.5", ("query", ["one", "two"]), {}),
    ("moderate", "openai", "omni-moderation-latest", (["words"],), {}),
    ("speak", "openai", "gpt-4o-mini-tts", ("Hello",), {"voice": "alloy"}),
    ("transcribe", "openai", "whisper-1", (WAV,), {}),
    ("ocr", "mistral", "mistral-ocr-latest", (ImageContent(data=PNG),), {}),
    ("count_tokens", "anthropic", "claude-sonnet-5", ("Hello",), {}),
    ("generate", "openai", "gpt-image-1", ("A cat",), {}),
    ("edit_image", "openai", "gpt-image-1", ("A cat", ImageContent(data=PNG)), {}),
]


@pytest.mark.parametrize(("name", "provider", "model", "args", "options"), OPERATIONS, ids=lambda one: str(one)[:20])
def test_operations_go_on_to_another_deployment_of_the_same_model(
    name: str,
    provider: str,
    model: str,
    args: tuple[Any, ...],
    options: dict[str, Any],
    server: FakeServer,
    spare: FakeServer,
) -> None:
    server.add_replies(LIMITED)
    spare.add_replies(HELLO, HELLO)
    main, other = one_of(server.url, provider, model, "main"), one_of(spare.url, provider, model, "spare")
    with AIModelClient.routed([main, other]) as client:
        for _ in range(2):
            result = getattr(client, name)(*args, **options)
            assert result.attempts[-1].deployment == "spare"
    assert (len(server.exchanges), len(spare.exchanges)) == (1, 2)


@pytest.mark.parametrize(
    ("name", "provider", "models", "args", "reason"),
    [
        ("embed", "openai", ("text-embedding-3-small", "text-embedding-3-large"), (["words"],), "vectors of another"),
        ("count_tokens", "anthropic", ("claude-sonnet-5", "claude-haiku-4-5"), ("Hello",), "another model counts"),
    ],
)
def test_results_that_belong_to_a_model_come_from_that_model_only(
    name: str, provider: str, models: tuple[str, str], args: Any, reason: str, server: FakeServer, spare: FakeServer
) -> None:
    server.add_replies(LIMITED)
    main, other = one_of(server.url, provider, models[0], "main"), one_of(spare.url, provider, models[1], "spare")
    with AIModelClient.routed([main, other]) as client:
        with pytest.raises(RateLimitError) as first:
            getattr(client, name)(*args, timeout=100)
        assert reason in first.value.__notes__[-1]
        with pytest.raises(NoDeploymentError, match=f"spare: {reason}"):
            getattr(client, name)(*args, timeout=100)
    assert spare.exchanges == []


def test_a_voice_is_one_of_its_provider(server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(LIMITED, LIMITED)
    spare.add_replies(HELLO)
    main, other = one_of(server.url, "openai", "gpt-4o-mini-tts", "main"), one_of(spare.url, "groq", "tts-1", "spare")
    with AIModelClient.routed([main, other]) as client:
        with pytest.raises(RateLimitError) as caught:
            client.speak("Hello", voice="alloy", timeout=100)
        assert "spare: the voice 'alloy' is one of openai" in caught.value.__notes__[-1]
        assert client.speak("Hello").attempts[-1].deployment == "spare"


def test_a_provider_without_the_operation_is_passed_over(world: World, server: FakeServer, spare: FakeServer) -> None:
    spare.add_replies(HELLO)
    main, other = one_of(server.url, "anthropic", "claude-9", "main"), one_of(spare.url, "cohere", "rerank-v3.5", "r")
    client = AIModelClient.routed([main, other])
    assert world.ask(client, "rerank", "query", ["one"]).attempts[-1].deployment == "r"
    assert server.exchanges == []
    world.close(client)


def test_an_operation_that_no_deployment_offers_is_the_error_of_the_first(server: FakeServer) -> None:
    main, other = one_of(server.url, "anthropic", "claude-9", "main"), one_of(server.url, "anthropic", "claude-8", "b")
    with AIModelClient.routed([main, other]) as client, pytest.raises(UnsupportedError, match="reranking not offered"):
        client.rerank("query", ["one"])


@pytest.mark.parametrize("method", ["embed", "rerank", "moderate"])
def test_a_chat_model_gets_no_request_that_it_does_not_offer(method: str, server: FakeServer) -> None:
    args = ("query", ["one"]) if method == "rerank" else (["one"],)
    names = {"embed": ("gpt-5.4-mini", "gpt-5.4"), "rerank": ("command-a-03-2025",) * 2, "moderate": ("gpt-5.4",) * 2}
    provider = "cohere" if method == "rerank" else "openai"
    main, other = (one_of(server.url, provider, model, model) for model in names[method])
    with (
        AIModelClient.routed([main, other]) as client,
        pytest.raises(
            UnsupportedError, match=r"not offered with this model.* or add a deployment with one to the route"
        ),
    ):
        getattr(client, method)(*args)
    assert server.exchanges == []


def test_embeddings_go_to_the_deployment_that_makes_them(world: World, server: FakeServer, spare: FakeServer) -> None:
    spare.add_replies(HELLO, HELLO)
    main, other = (
        one_of(server.url, "openai", "gpt-5.4-mini", "main"),
        one_of(spare.url, "openai", "text-embedding-3-small", "vectors"),
    )
    third = one_of(server.url, "openai", "text-embedding-3-large", "others")
    client = AIModelClient.routed([main, other, third])
    assert world.ask(client, "embed", ["words"]).attempts[-1].deployment == "vectors"
    assert server.exchanges == []
    server.add_replies(HELLO)
    assert world.run(client, "?").attempts[-1].deployment == "main"
    world.close(client)


def test_a_chat_call_passes_over_a_model_that_makes_embeddings(server: FakeServer, spare: FakeServer) -> None:
    spare.add_replies(HELLO)
    main, other = (
        one_of(server.url, "openai", "text-embedding-3-small", "vectors"),
        one_of(spare.url, "openai", "gpt-5.4-mini", "main"),
    )
    with AIModelClient.routed([main, other]) as client:
        answer = client.generate("?")
        assert answer.attempts[-1].deployment == "main"
        assert "this model makes embeddings" in answer.warnings[0].message
    assert server.exchanges == []


def test_a_model_without_facts_gets_requests_for_embeddings(server: FakeServer) -> None:
    server.add_replies(HELLO)
    with AIModelClient.routed([one_of(server.url, "openai", "own-model-7", "a")]) as client:
        assert client.embed(["words"]).vectors


def test_tokens_are_estimated_where_the_first_deployment_does_not_count(server: FakeServer, spare: FakeServer) -> None:
    """Another provider would count tokens of another model."""
    main = one_of(server.url, "ollama", "llama3", "main")
    with AIModelClient.routed([main, one_of(spare.url, "anthropic", "claude-9", "spare")]) as client:
        assert client.count_tokens("Hello").estimated
    assert spare.exchanges == []


PDF = "application/pdf"
STORED: list[tuple[str, Any, dict[str, Any]]] = [
    ("the file 'file-1'", [FileContent(file_id="file-1", mime_type=PDF)], {}),
    ("the file 'file-2'", [ContainerUploadContent(file_id="file-2")], {}),
    ("previous_response_id 'resp-1'", "?", {"options": {"previous_response_id": "resp-1"}}),
    ("conversation 'conv-1'", "?", {"options": {"conversation": {"id": "conv-1"}}}),
    ("the cached prefix 'cache-1'", "?", {"prompt_cache": PromptCache(stored="cache-1")}),
    ("the container 'cntr-1'", "?", {"tools": [CodeExecution(container="cntr-1")]}),
    ("the container 'cntr-2'", "?", {"options": {"container": "cntr-2"}}),
    ("the file 'file-3'", "?", {"tools": [CodeExecution(file_ids=("file-3",))]}),
    ("the vector store 'vs-1'", "?", {"tools": [FileSearch(store_ids=("vs-1",))]}),
    ("a background response", "?", {"options": {"background": True}}),
]


@pytest.mark.parametrize(("what", "prompt", "options"), STORED, ids=lambda one: str(one)[:30])
def test_what_is_stored_at_a_deployment_keeps_the_call_there(
    what: str, prompt: Any, options: dict[str, Any], server: FakeServer, spare: FakeServer
) -> None:
    """It goes there, and waits for it; without time for that the error names what is stored, and where."""
    server.add_replies(LIMITED)
    main, other = responses(server.url, "main"), responses(spare.url, "spare", key="sk-other")
    with AIModelClient.routed([main, other]) as client:
        with pytest.raises(RateLimitError) as first:
            client.generate(prompt, timeout=100, **options)
        assert f"spare: {what}" in first.value.__notes__[-1]
        assert "is at main" in first.value.__notes__[-1] or "where it was started" in first.value.__notes__[-1]
        with pytest.raises(NoDeploymentError, match=f"spare: {what}"):
            client.generate(prompt, timeout=100, **options)
    assert (len(server.exchanges), len(spare.exchanges)) == (1, 0)


def responses(url: str, name: str, key: str = "sk-main") -> Deployment:
    given = AIModelEndpoint.of("openai/gpt-5.4-mini", key, base_url=f"{url}/v1", protocol="openai_responses")
    return Deployment(endpoint=given, name=name)


def test_a_stored_response_is_continued_where_it_was_made(world: World, server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(LIMITED)
    spare.add_replies(Answer(text="Hello!", id="resp-7"), Answer(text="Again."))
    client = AIModelClient.routed([responses(server.url, "main"), responses(spare.url, "spare", key="sk-other")])
    first = world.run(client, "Hi")
    assert first.chat_response.id == "resp-7"
    answer = world.run(client, "And?", options={"previous_response_id": "resp-7"})
    assert answer.attempts[-1].deployment == "spare"
    explained = client.explain_route("?", options={"previous_response_id": "resp-7"})
    assert explained.deployments[0].reason == "previous_response_id 'resp-7' is at spare"
    world.close(client)


def test_a_file_of_another_provider_goes_to_the_deployment_of_that_provider(
    world: World, server: FakeServer, spare: FakeServer
) -> None:
    spare.add_replies(HELLO)
    main, other = one_of(server.url, "openai", "gpt-5.4-mini", "main"), one_of(spare.url, "anthropic", "claude-9", "b")
    client = AIModelClient.routed([main, other])
    stored = FileContent(file_id="file-1", mime_type=PDF, stored_at="anthropic")
    assert world.run(client, [stored, "?"]).attempts[-1].deployment == "b"
    assert server.exchanges == []
    world.close(client)


def test_uploads_and_batches_go_to_the_first_deployment(spare: FakeServer) -> None:
    """Also while it rests for calls, because the others do not have its files and batches."""
    with FakeServer(FakeBatches(), forever=True) as holder:
        main = one_of(holder.url, "openai", "gpt-5.4-mini", "main")
        other = one_of(spare.url, "openai", "gpt-5.4", "spare")
        with AIModelClient.routed([main, other]) as client:
            assert client.upload_file(b"text", name="a.txt").file_id
            jobs = client.submit_batch(["one", "two"])
            assert jobs
    paths = [one.path.split("?")[0] for one in holder.exchanges]
    assert paths == ["/v1/files", "/v1/files", "/v1/batches"]
    assert spare.exchanges == []
