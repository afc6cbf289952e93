"""Files that no request has room for: uploaded to the provider's files, awaited, named by their ids, and used again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallTimeoutError, ServerError, UnsupportedError
from dhenara.ai.pipeline.operations import files as uploads
from dhenara.ai.providers.provider import load_provider
from dhenara.ai.testing import Answer, FakeServer, Raw, Refusal
from dhenara.ai.types import FileContent, ImageContent, Prompt, Timeouts, Uploading, VideoContent
from support.worlds import World, endpoint

PDF = FileContent(data=b"%PDF-1.7" + b"." * 300, mime_type="application/pdf", name="paper.pdf")
QUESTION = Prompt(contents=["What is this about?", PDF])
SMALL = {"quirks": {"most_request_bytes": 200}}


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test begins without uploads, however the memory of the process is filled."""
    monkeypatch.setattr("dhenara.ai.pipeline.operations.files.SHARED_UPLOADS", uploads.UploadCache())
    return


def at(server: FakeServer, provider: str = "openai", **config: Any) -> AIModelClient:
    return AIModelClient(endpoint(server.url, provider, **{**SMALL, **config}))


def reported(body: Any, **headers: str) -> Raw:
    return Raw(json.dumps(body).encode(), headers={"content-type": "application/json", **headers})


KNOWN = {"id": "file-1", "filename": "paper.pdf", "bytes": 308, "status": "processed"}
BEGUN = Raw(b"", headers={"x-goog-upload-url": "https://example.org/upload/v1beta/files?upload_id=x"})
AT_GOOGLE = {"name": "files/abc", "uri": "https://generativelanguage.googleapis.com/v1beta/files/abc"}


def paths(server: FakeServer) -> list[str]:
    return [f"{exchange.method} {exchange.path.split('?')[0]}" for exchange in server.exchanges]


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    ("provider", "protocol", "named"),
    [
        ("openai", "openai_chat", {"type": "file", "file": {"file_id": "file-1"}}),
        ("openai", "openai_responses", {"type": "input_file", "file_id": "file-1"}),
        (
            "anthropic",
            "anthropic",
            {"type": "document", "source": {"type": "file", "file_id": "file-1"}, "title": "paper.pdf"},
        ),
    ],
)
def test_a_large_document_goes_through_files(
    provider: str, protocol: str, named: dict[str, Any], streaming: bool, world: World, server: FakeServer
) -> None:
    server.add_replies(reported(KNOWN), Answer(text="Cats."))
    client = at(server, provider, protocol=protocol)
    plan = client.plan(QUESTION)
    answer = world.stream(client, QUESTION)[-1][1] if streaming else world.run(client, QUESTION)
    world.close(client)
    sent, requested = server.exchanges
    assert b"%PDF-1.7" in sent.body
    assert named in parts(requested.json)
    assert requested.headers.get("anthropic-beta") == ("files-api-2025-04-14" if provider == "anthropic" else None)
    assert answer.chat_response.text() == "Cats."
    assert [warning.code for warning in answer.chat_response.warnings] == ["uploaded_content"]
    assert "file-1" in answer.chat_response.warnings[0].message
    assert answer.plan == plan
    assert plan.translated[0].reason == "it is uploaded first, because it is too large for a request of 200 bytes"
    assert not plan.lossy


def parts(body: dict[str, Any]) -> list[Any]:
    turns = body.get("messages") or body["input"]
    return [part for turn in turns for part in turn["content"]]


def test_gemini_is_waited_for_until_it_has_seen_the_film(world: World, server: FakeServer) -> None:
    processing = reported({"file": {**AT_GOOGLE, "state": "PROCESSING", "mimeType": "video/mp4"}})
    ready = reported({**AT_GOOGLE, "state": "ACTIVE", "mimeType": "video/mp4"})
    server.add_replies(BEGUN, processing, ready, Answer(text="A cat."))
    film = VideoContent(data=b"." * 300, mime_type="video/mp4")
    client = at(server, "google_ai")
    answer = world.run(client, ["What is this?", film])
    world.close(client)
    assert paths(server)[:3] == ["POST /upload/v1beta/files", "POST /upload/v1beta/files", "GET /v1beta/files/abc"]
    assert {"fileData": {"fileUri": AT_GOOGLE["uri"], "mimeType": "video/mp4"}} in server.exchanges[3].json["contents"][
        0
    ]["parts"]
    assert answer.chat_response.text() == "A cat."


def test_the_same_bytes_are_not_sent_twice(world: World, server: FakeServer) -> None:
    server.add_replies(reported(KNOWN), Answer(text="Cats."), reported(KNOWN), Answer(text="Yes."))
    client = at(server)
    first = world.run(client, QUESTION)
    world.run(client, messages=[QUESTION, first, "Really?"])
    world.close(client)
    assert [path.rsplit("/v1/", 1)[1] for path in paths(server)] == [
        "files",
        "chat/completions",
        "files/file-1",
        "chat/completions",
    ]


def test_what_the_provider_has_forgotten_is_sent_again(world: World, server: FakeServer) -> None:
    again = reported({**KNOWN, "id": "file-2"})
    server.add_replies(reported(KNOWN), Answer(text="Cats."), Refusal(404), again, Answer(text="Cats."))
    client = at(server)
    world.run(client, QUESTION)
    world.run(client, QUESTION)
    world.close(client)
    assert b'"file-2"' in server.exchanges[-1].body


@pytest.mark.parametrize("seconds", [-10, 60])
def test_what_is_about_to_expire_is_sent_again_without_a_question(seconds: int, server: FakeServer) -> None:
    import time

    expiring = reported({**KNOWN, "expires_at": int(time.time()) + seconds})
    server.add_replies(expiring, Answer(text="Cats."), reported({**KNOWN, "id": "file-2"}), Answer(text="Cats."))
    with at(server) as client:
        client.generate(QUESTION)
        client.generate(QUESTION)
    assert b'"file-2"' in server.exchanges[-1].body


def test_another_key_has_other_files(server: FakeServer) -> None:
    server.add_replies(reported(KNOWN), Answer(text="Cats."), reported({**KNOWN, "id": "file-2"}), Answer(text="Cats."))
    with at(server) as client:
        client.generate(QUESTION)
        where = client.model_endpoint
    other = where.model_copy(update={"api": type(where.api)(**{**where.api.model_dump(), "api_key": "sk-other"})})
    with AIModelClient(other) as client:
        client.generate(QUESTION)
    assert b'"file-2"' in server.exchanges[-1].body


def test_only_as_much_is_uploaded_as_has_to_be(server: FakeServer) -> None:
    server.add_replies(reported(KNOWN), Answer(text="Cats."))
    small = FileContent(data=b"%PDF-1.4", mime_type="application/pdf", name="small.pdf")
    with at(server) as client:
        client.generate(Prompt(contents=["Compare them.", small, PDF]))
    assert b"small.pdf" in server.exchanges[1].body
    assert b'"file-1"' in server.exchanges[1].body


@pytest.mark.parametrize(("provider", "most"), [("anthropic", 32_000_000), ("google_ai", 20_000_000)])
def test_requests_of_a_provider_hold_as_much_as_it_takes(provider: str, most: int) -> None:
    for route in load_provider(provider).routes:
        assert route.quirks.most_request_bytes is not None
        assert route.quirks.most_request_bytes <= most * 1.05, route.models


def test_an_attempt_that_failed_does_not_upload_again(world: World, server: FakeServer) -> None:
    server.add_replies(reported(KNOWN), Refusal(500, headers={"retry-after-ms": "1"}), Answer(text="Cats."))
    client = at(server)
    answer = world.run(client, QUESTION)
    world.close(client)
    assert answer.chat_response.text() == "Cats."
    assert sum(path.endswith("/files") for path in paths(server)) == 1


def test_an_upload_that_failed_is_tried_again_as_the_call_is(world: World, server: FakeServer) -> None:
    failed = Refusal(500, headers={"retry-after-ms": "1"})
    server.add_replies(failed, reported(KNOWN), Answer(text="Cats."))
    client = at(server)
    answer = world.run(client, QUESTION)
    assert len(answer.attempts) == 2
    server.add_replies(failed)
    with pytest.raises(ServerError):
        world.run(client, QUESTION.model_copy(update={"contents": [changed()]}), retries=0)
    world.close(client)


def changed() -> FileContent:
    return FileContent(data=b"%PDF-1.7" + b"!" * 300, mime_type="application/pdf")


def test_waiting_ends_with_the_time_of_the_call(world: World, server: FakeServer) -> None:
    processing = reported({**KNOWN, "status": "uploaded"})
    server.add_replies(*[processing] * 20)
    client = at(server)
    with pytest.raises(CallTimeoutError):
        world.run(client, QUESTION, timeout=Timeouts(total=0.7), retries=0)
    world.close(client)


def test_uploads_expire_after_a_day_where_the_provider_supports_it(server: FakeServer) -> None:
    server.add_replies(reported(KNOWN), Answer(text="Cats."), reported(KNOWN), Answer(text="Cats."))
    with at(server) as client:
        client.generate(QUESTION)
        client.generate(Prompt(contents=["?", changed()]), uploading=Uploading(expires_in=3_600))
    assert b"86400" in server.exchanges[0].body
    assert b"3600" in server.exchanges[2].body


def test_strict_does_not_mind_since_nothing_is_lost(server: FakeServer) -> None:
    server.add_replies(reported(KNOWN), Answer(text="Cats."))
    with at(server) as client:
        assert client.generate(QUESTION, strict=True).chat_response is not None


def test_the_users_layers_see_one_call(server: FakeServer) -> None:
    seen: list[str] = []

    async def watching(call: Any, send: Any) -> Any:
        seen.append(call.operation)
        return await send(call)

    server.add_replies(reported(KNOWN), Answer(text="Cats."))
    with AIModelClient(endpoint(server.url, **SMALL), layers=[watching], attempt_layers=[watching]) as client:
        client.generate(QUESTION)
    assert seen == ["chat", "chat"]


@pytest.mark.parametrize(
    ("provider", "why"),
    [("amazon_bedrock", "at most 4500000"), ("mistral", "at most 50000000"), ("openai", "at most 50000000")],
)
def test_what_is_too_large_even_for_files_is_an_error(provider: str, why: str, server: FakeServer) -> None:
    huge = FileContent(data=b"%PDF-1.7" + b"." * 50_000_000, mime_type="application/pdf", name="huge.pdf")
    with AIModelClient(endpoint(server.url, provider)) as client, pytest.raises(UnsupportedError, match=why):
        client.generate(Prompt(contents=["?", huge]))
    assert server.exchanges == []


@pytest.mark.parametrize(
    ("provider", "size", "why"),
    [
        ("anthropic", 4_000_000, "at most 3932160"),
        ("xai", 21_000_000, "at most 20971520"),
        ("mistral", 11_000_000, "at most 10000000"),
        ("groq", 3_500_000, "at most 4000000 in one request"),
        ("openai", 40_000_000, "at most 50000000 in one request"),
    ],
)
def test_pictures_have_sizes(provider: str, size: int, why: str, server: FakeServer) -> None:
    picture = ImageContent(data=b"\x89PNG\r\n\x1a\n" + b"." * size, mime_type="image/png")
    with AIModelClient(endpoint(server.url, provider)) as client, pytest.raises(UnsupportedError, match=why):
        client.generate(Prompt(contents=["?", picture]))
    assert server.exchanges == []


def test_where_no_size_is_known_everything_is_sent(server: FakeServer) -> None:
    server.add_replies(Answer(text="A cat."))
    picture = ImageContent(data=b"\x89PNG\r\n\x1a\n" + b"." * 21_000_000, mime_type="image/png")
    with AIModelClient(endpoint(server.url, "openai_compatible")) as client:
        client.generate(Prompt(contents=["?", picture]))
    assert len(server.exchanges) == 1


def test_what_is_too_large_for_a_request_is_no_part_of_a_batch(server: FakeServer) -> None:
    with at(server) as client, pytest.raises(UnsupportedError, match="too large for a batch"):
        client.submit_batch([QUESTION])
    assert server.exchanges == []
