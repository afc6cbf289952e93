"""Media without a media type are what their bytes, their name or their address say, and nothing else."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import UnsupportedError
from dhenara.ai.testing import Answer, FakeServer, SampleOperations
from dhenara.ai.types import AudioContent, FileContent, ImageContent, ToolCallContent, ToolResultContent, VideoContent
from support.worlds import endpoint

GOOGLE = ["google_ai", "google_vertex_ai"]
PROVIDERS = ["openai", "anthropic", *GOOGLE, "amazon_bedrock", "cohere", "mistral", "openrouter"]
JPEG = ImageContent(data=b"\xff\xd8\xff\xe0\x00\x10JFIF")
MODELS = {"openai": "gpt-audio"}


def word_document() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    return written.getvalue()


def ask(server: FakeServer, provider: str, messages: list[Any], model: str | None = None) -> str:
    region = {"region": "us-east-1"} if provider == "amazon_bedrock" else {}
    named = {} if model is None else {"model": model}
    server.add_replies(Answer(text="Yes."))
    with AIModelClient(endpoint(server.url, provider, *named.values(), **region)) as client:
        client.generate(messages=messages, max_output_tokens=9)
    return str(server.exchanges[-1].json)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("in_result", [False, True])
def test_a_picture_is_what_its_bytes_say(provider: str, in_result: bool, server: FakeServer) -> None:
    call = {"role": "assistant", "contents": [ToolCallContent(id="abcdefghi", name="draw")]}
    actual = ["?", call, ToolResultContent(call_id="abcdefghi", contents=[JPEG])]
    sent = ask(server, provider, actual if in_result else [{"role": "user", "contents": [JPEG, "?"]}])
    assert "png" not in sent
    assert "jpeg" in sent or (in_result and provider == "cohere")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_table_is_no_pdf(provider: str, server: FakeServer) -> None:
    table = FileContent(data=b"a,b\n1,2", name="a.csv")
    sent = ask(server, provider, [{"role": "user", "contents": [table, "?"]}])
    assert "pdf" not in sent


@pytest.mark.parametrize("provider", ["openai", "mistral", "openrouter", "amazon_bedrock"])
def test_a_word_document_is_no_pdf(provider: str, server: FakeServer) -> None:
    document = FileContent(data=word_document(), name="a.docx")
    sent = ask(server, provider, [{"role": "user", "contents": [document, "?"]}])
    assert "pdf" not in sent
    assert "wordprocessingml" in sent or "'docx'" in sent


@pytest.mark.parametrize("provider", ["openai", "google_ai", "openrouter"])
def test_sound_is_what_its_bytes_say(provider: str, server: FakeServer) -> None:
    sound = AudioContent(data=b"ID3\x04sound")
    sent = ask(server, provider, [{"role": "user", "contents": [sound, "?"]}], MODELS.get(provider))
    assert "wav" not in sent
    assert "mp3" in sent or "audio/mpeg" in sent


@pytest.mark.parametrize(
    ("part", "mime_type"),
    [
        (FileContent(url="gs://bucket/a.csv"), "text/csv"),
        (ImageContent(url="gs://bucket/a.jpg?v=1"), "image/jpeg"),
        (VideoContent(url="gs://bucket/a.mov"), "video/quicktime"),
        (AudioContent(url="gs://bucket/a.flac#t=1"), "audio/flac"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
@pytest.mark.parametrize("provider", GOOGLE)
def test_what_stands_at_an_address_is_what_the_address_says(
    provider: str, part: Any, mime_type: str, server: FakeServer
) -> None:
    assert mime_type in ask(server, provider, [{"role": "user", "contents": [part, "?"]}])


def test_a_type_that_was_given_counts(server: FakeServer) -> None:
    part = JPEG.model_copy(update={"mime_type": "image/webp"})
    assert "image/webp" in ask(server, "anthropic", [{"role": "user", "contents": [part, "?"]}])


@pytest.mark.parametrize("provider", [*GOOGLE, "amazon_bedrock", "cohere"])
def test_vectors_are_made_of_what_the_bytes_say(provider: str, server: FakeServer) -> None:
    models = {"cohere": "embed-v4.0", "amazon_bedrock": "amazon.nova-2-multimodal-embeddings-v1:0"}
    region = {"region": "us-east-1"} if provider == "amazon_bedrock" else {}
    server.add_replies(SampleOperations())
    model = models.get(provider, "gemini-embedding-2")
    with AIModelClient(endpoint(server.url, provider, model, **region)) as client:
        client.embed(JPEG)
    assert "jpeg" in str(server.exchanges[0].json)


UNKNOWN_BYTES = b"\x00\x01\x02\xff\xfe\x90 of no known kind"


@pytest.mark.parametrize("provider", [*PROVIDERS, "ollama"])
@pytest.mark.parametrize("name", [None, "a.bin"])
@pytest.mark.parametrize("in_result", [False, True])
def test_a_file_of_unknown_bytes_is_refused(
    provider: str, name: str | None, in_result: bool, server: FakeServer
) -> None:
    """Sent as a PDF, the provider would read something else, or refuse it without saying why."""
    part = FileContent(data=UNKNOWN_BYTES, name=name)
    call = {"role": "assistant", "contents": [ToolCallContent(id="abcdefghi", name="draw")]}
    given = ["?", call, ToolResultContent(call_id="abcdefghi", contents=[part])]
    with pytest.raises(UnsupportedError, match="Pass mime_type"):
        ask(server, provider, given if in_result else [{"role": "user", "contents": [part, "?"]}])
    assert server.exchanges == []


def test_a_file_of_unknown_bytes_is_refused_for_ocr_and_embeddings(server: FakeServer) -> None:
    part = FileContent(data=UNKNOWN_BYTES)
    refused = pytest.raises(UnsupportedError, match="Pass mime_type")
    with AIModelClient(endpoint(server.url, "mistral", "mistral-ocr")) as client, refused:
        client.ocr(part)
    refused = pytest.raises(UnsupportedError, match="Pass mime_type")
    with AIModelClient(endpoint(server.url, "google_ai", "gemini-embedding-2")) as client, refused:
        client.embed(part)
    assert server.exchanges == []


def test_ocr_reads_the_kind_of_a_document_from_its_bytes(server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    with AIModelClient(endpoint(server.url, "mistral", "mistral-ocr")) as client:
        client.ocr(FileContent(data=word_document()))
    assert "wordprocessingml" in str(server.exchanges[0].json)


@pytest.mark.parametrize("provider", ["openai", "amazon_bedrock"])
def test_a_media_type_that_was_given_stands_for_unknown_bytes(provider: str, server: FakeServer) -> None:
    part = FileContent(data=UNKNOWN_BYTES, mime_type="application/pdf")
    assert "pdf" in ask(server, provider, [{"role": "user", "contents": [part, "?"]}])


@pytest.mark.parametrize("model", ["fake-1", "gpt-5-codex"])
def test_a_document_without_a_name_is_named_by_its_kind(model: str, server: FakeServer) -> None:
    part = FileContent(data=word_document())
    sent = ask(server, "openai", [{"role": "user", "contents": [part, "?"]}], model)
    assert "document.docx" in sent
    assert "pdf" not in sent
