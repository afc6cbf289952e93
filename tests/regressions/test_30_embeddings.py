"""Embeddings at the method that each model has: embedContent on Vertex, InvokeModel of Amazon's Nova."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import UnsupportedError
from dhenara.ai.testing import FakeServer, Raw, SampleOperations
from dhenara.ai.types import AudioContent, FileContent, ImageContent, VideoContent
from support.corpus import CORPUS, load
from support.worlds import World, endpoint

NOVA = "amazon.nova-2-multimodal-embeddings-v1:0"
IMAGE = ImageContent(data=b"\x89PNG\r\n\x1a\n0", mime_type="image/png")
SOUND = AudioContent(data=b"sound", mime_type="audio/mpeg")
VIDEO = VideoContent(data=b"video", mime_type="video/quicktime")
PDF = FileContent(data=b"%PDF-1", mime_type="application/pdf")


def at(provider: str, model: str, server: FakeServer) -> AIModelClient:
    more = {"region": "us-east-1"} if provider == "amazon_bedrock" else {}
    return AIModelClient(endpoint(server.url, provider, model, **more))


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize("model", ["gemini-embedding-2", "gemini-embedding-2-preview", "gemini-embedding-3"])
def test_vertex_gets_embed_content_requests(model: str, world: World, server: FakeServer) -> None:
    server.add_replies(SampleOperations(), SampleOperations())
    client = at("google_vertex_ai", model, server)
    actual = world.ask(client, "embed", ["an otter", "a cat"], dimensions=8, input_type="query")
    world.close(client)
    assert [len(vector) for vector in actual.vectors] == [8, 8]
    assert actual.usage.input_tokens == 4
    path = f"/v1/v1beta1/publishers/google/models/{model}:embedContent"
    assert {exchange.path for exchange in server.exchanges} == {path}
    bodies = sorted((exchange.json for exchange in server.exchanges), key=str)
    config = {"outputDimensionality": 8, "taskType": "RETRIEVAL_QUERY"}
    assert bodies == [
        {"content": {"role": "user", "parts": [{"text": text}]}, "embedContentConfig": config}
        for text in ("a cat", "an otter")
    ]


@pytest.mark.parametrize("model", ["gemini-embedding-001", "text-embedding-005", "text-multilingual-embedding-002"])
def test_vertex_predicts_vectors_of_older_models(model: str, server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    with at("google_vertex_ai", model, server) as client:
        client.embed("an otter")
    assert server.exchanges[0].path.endswith(f"{model}:predict")


@pytest.mark.parametrize("one", [IMAGE, SOUND, VIDEO, PDF], ids=lambda one: str(one.type))
@pytest.mark.parametrize("provider", ["google_vertex_ai", "google_ai"])
def test_gemini_makes_vectors_of_media(provider: str, one: Any, server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    with at(provider, "gemini-embedding-2", server) as client:
        assert len(client.embed(one).vectors) == 1
    sent = {"inlineData": {"mimeType": one.mime_type, "data": encoded(one.data)}}
    assert json.dumps(sent) in json.dumps(server.exchanges[0].json)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("words", {"text": {"value": "words", "truncationMode": "NONE"}}),
        (IMAGE, {"image": {"format": "png", "source": {"bytes": encoded(IMAGE.data or b"")}}}),
        (SOUND, {"audio": {"format": "mp3", "source": {"bytes": encoded(b"sound")}}}),
        (
            VIDEO,
            {
                "video": {
                    "format": "mov",
                    "source": {"bytes": encoded(b"video")},
                    "embeddingMode": "AUDIO_VIDEO_COMBINED",
                }
            },
        ),
        (
            VideoContent(url="s3://bucket/a.mp4", mime_type="video/mp4"),
            {
                "video": {
                    "format": "mp4",
                    "source": {"s3Location": {"uri": "s3://bucket/a.mp4"}},
                    "embeddingMode": "AUDIO_VIDEO_COMBINED",
                }
            },
        ),
    ],
)
def test_nova_makes_vectors_of_all_that_it_takes(given: Any, sent: Any, world: World, server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    client = at("amazon_bedrock", NOVA, server)
    actual = world.ask(client, "embed", given, dimensions=256, input_type="query")
    world.close(client)
    assert actual.dimensions == 256
    assert server.exchanges[0].path == "/model/amazon.nova-2-multimodal-embeddings-v1%3A0/invoke"
    assert server.exchanges[0].json == {
        "taskType": "SINGLE_EMBEDDING",
        "singleEmbeddingParams": {"embeddingPurpose": "GENERIC_RETRIEVAL", "embeddingDimension": 256, **sent},
    }


def test_nova_requests_and_responses_are_as_recorded(server: FakeServer) -> None:
    if not CORPUS.is_dir():
        pytest.skip("the recorded traffic is not available")
    recorded = [e for e in load("bedrock-bedrock-invoke.jsonl.gz") if "nova-2-multimodal" in e["path"]]
    assert recorded
    for exchange in recorded:
        requested = exchange["request_body"]["singleEmbeddingParams"]
        server.add_replies(Raw(exchange["response_body"].encode(), headers=exchange["response_headers"]))
        with at("amazon_bedrock", NOVA, server) as client:
            text = requested["text"]["value"]
            actual = client.embed(text, options={"embeddingPurpose": requested["embeddingPurpose"]})
        assert server.exchanges[-1].json == exchange["request_body"]
        assert server.exchanges[-1].path == exchange["path"]
        assert actual.vectors == [json.loads(exchange["response_body"])["embeddings"][0]["embedding"]]
        assert actual.usage.input_tokens == int(exchange["response_headers"]["x-amzn-bedrock-input-token-count"])


@pytest.mark.parametrize(
    ("provider", "model", "given", "words"),
    [
        ("amazon_bedrock", NOVA, PDF, "embeddings of documents"),
        ("amazon_bedrock", NOVA, ImageContent(url="https://example.org/a.png"), "need bytes or S3"),
        ("cohere", "embed-v4.0", SOUND, "embeddings of sound"),
        ("openai", "text-embedding-3-small", VIDEO, "embeddings of videos"),
        ("google_vertex_ai", "gemini-embedding-001", IMAGE, "embeddings of pictures"),
    ],
)
def test_media_that_a_model_does_not_take_are_refused(
    provider: str, model: str, given: Any, words: str, server: FakeServer
) -> None:
    with at(provider, model, server) as client, pytest.raises(UnsupportedError, match=words):
        client.embed(given)
    assert server.exchanges == []


GOOGLE, PLACE = "publishers/google/models", "projects/p/locations/l"
PLACED = [
    ("google/gemini-embedding-2", f"{GOOGLE}/gemini-embedding-2:embedContent"),
    ("models/gemini-embedding-2", f"{GOOGLE}/gemini-embedding-2:embedContent"),
    (f"{GOOGLE}/gemini-embedding-2", f"{GOOGLE}/gemini-embedding-2:embedContent"),
    (f"{GOOGLE}/gemini-embedding-001", f"{GOOGLE}/gemini-embedding-001:predict"),
    (f"{PLACE}/{GOOGLE}/gemini-embedding-2", f"{PLACE}/{GOOGLE}/gemini-embedding-2:embedContent"),
    ("projects/p/locations/l/endpoints/7", "projects/p/locations/l/endpoints/7:predict"),
    ("publishers/intfloat/models/e5", "publishers/intfloat/models/e5:predict"),
]


@pytest.mark.parametrize(("model", "path"), PLACED)
def test_vertex_embeds_with_models_that_resource_names_name(model: str, path: str, server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    with at("google_vertex_ai", model, server) as client:
        client.embed("an otter")
    assert server.exchanges[0].path == f"/v1/v1beta1/{path}"


@pytest.mark.parametrize("name", ["imagen-4.0-generate-001", f"{GOOGLE}/imagen-4.0-generate-001"])
def test_vertex_draws_with_models_that_resource_names_name(name: str, server: FakeServer) -> None:
    server.add_replies(Raw(json.dumps({"predictions": [{"bytesBase64Encoded": "AAAA"}]}).encode()))
    with at("google_vertex_ai", name, server) as client:
        client.generate("An otter.")
    assert server.exchanges[0].path == f"/v1/v1beta1/{GOOGLE}/imagen-4.0-generate-001:predict"
