"""Files at providers through the client: in every world, in each dialect, and as they were recorded."""

from __future__ import annotations

import base64
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallTimeoutError, ConfigurationError, NotFoundError, UnsupportedError
from dhenara.ai.testing import FakeServer, Raw, Refusal
from dhenara.ai.types import AudioContent, FileContent
from support.corpus import Exchange, as_parameters, body_bytes, exchanges
from support.forms import read_form
from support.worlds import World, endpoint

SOON = {"retry-after-ms": "5"}
LIKE_OPENAI = ["openai", "mistral", "xai", "groq", "anthropic"]
PREFIX = {"anthropic": "/v1"}
UPLOADED = as_parameters(exchanges("files", lambda e: e["method"] == "POST" and e["path"] == "/v1/files"))


def at(provider: str, server: FakeServer) -> AIModelClient:
    return AIModelClient(endpoint(server.url, provider, "any"))


def reported(body: Any, **headers: str) -> Raw:
    return Raw(json.dumps(body).encode(), headers={"content-type": "application/json", **headers})


def known(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": f"file-{number}", "filename": "a.pdf", "bytes": 3, "created_at": 1_700_000_000, **more}


@pytest.mark.parametrize("exchange", UPLOADED)
def test_recorded_uploads_are_requested_and_read(exchange: Exchange, world: World, server: FakeServer) -> None:
    server.add_replies(Raw(body_bytes(exchange)))
    requested = read_form(exchange["request_headers"]["content-type"], base64.b64decode(exchange["request_body"]))
    client = at(exchange["provider"], server)
    file = world.ask(client, "upload_file", requested["file"], name="sample.pdf")
    world.close(client)
    body = json.loads(body_bytes(exchange))
    assert (file.file_id, file.name, file.size) == (exchange["expected"]["id"], "sample.pdf", 18810)
    assert file.raw == body
    assert (file.state, file.created_at.year) == ("ready", 2026)
    ours = read_form(server.exchanges[0].headers["content-type"], server.exchanges[0].body)
    assert ours == requested
    assert server.exchanges[0].path == exchange["path"]
    if exchange["provider"] == "anthropic":
        sent = server.exchanges[0].headers
        assert sent["anthropic-beta"] == exchange["request_headers"]["anthropic-beta"]


def test_gemini_upload_url_is_requested_as_recorded(world: World, server: FakeServer) -> None:
    recorded = exchanges("files", lambda e: e["path"] == "/upload/v1beta/files")
    if not recorded:
        pytest.skip("the recorded traffic is not available")
    first, second = recorded
    where = "https://generativelanguage.googleapis.com/upload/v1beta/files?upload_id=x&upload_protocol=resumable"
    begun = Raw(b"", headers={"content-type": "text/plain", "x-goog-upload-url": where})
    server.add_replies(begun, Raw(body_bytes(second)))
    client = at("google_ai", server)
    file = world.ask(client, "upload_file", b"%PDF-", name="sample.pdf")
    world.close(client)
    assert (file.file_id, file.mime_type, file.size) == ("files/mwp1gi5it47f", "application/pdf", 18810)
    assert file.expires_at > file.created_at
    there = FileContent(file_id=file.url, mime_type="application/pdf", name="sample.pdf", stored_at="google_ai")
    assert file.to_content() == there
    one, two = server.exchanges
    assert (one.path, one.json) == (first["path"], first["request_body"])
    assert one.headers["x-goog-upload-header-content-length"] == "5"
    assert two.path == "/upload/v1beta/files?upload_id=x&upload_protocol=resumable"
    assert two.headers["x-goog-upload-command"] == second["request_headers"]["x-goog-upload-command"]
    assert two.body == b"%PDF-"


@pytest.mark.parametrize("provider", LIKE_OPENAI)
def test_a_file_is_uploaded_listed_fetched_and_deleted(
    provider: str, world: World, server: FakeServer, tmp_path: Path
) -> None:
    (tmp_path / "talk.wav").write_bytes(b"RIFF")
    server.add_replies(
        Refusal(503, "later", headers=SOON),
        reported(known(filename="talk.wav", mime_type="audio/wav")),
        reported(known()),
        Raw(b"what is in it", headers={"content-type": "text/plain"}),
        reported({"id": "file-1", "deleted": True, "type": "file_deleted"}),
        Refusal(404, "no such file"),
    )
    client, received = at(provider, server), []
    file = world.ask(
        client, "upload_file", tmp_path / "talk.wav", on_progress=lambda sent, size: received.append((sent, size))
    )
    assert received == [(4, 4), (4, 4)]
    assert isinstance(file.to_content(), AudioContent)
    assert len(file.attempts) == 2
    assert world.ask(client, "get_file", "file-1").size == 3
    assert world.ask(client, "download_file", "file-1") == b"what is in it"
    assert world.ask(client, "delete_file", "file-1") is None
    with pytest.raises(NotFoundError):
        world.ask(client, "get_file", "file/../1")
    with pytest.raises(ConfigurationError, match="file_id is empty"):
        world.ask(client, "delete_file", "")
    world.close(client)
    assert [(one.method, one.path) for one in server.exchanges[2:]] == [
        ("GET", "/v1/files/file-1"),
        ("GET", "/v1/files/file-1/content"),
        ("DELETE", "/v1/files/file-1"),
        ("GET", "/v1/files/file%2F..%2F1"),
    ]


@pytest.mark.parametrize(
    ("provider", "cursor"),
    [("openai", "after=file-2"), ("anthropic", "after_id=file-2"), ("xai", "pagination_token=more")],
)
def test_lists_are_read_to_their_end(provider: str, cursor: str, world: World, server: FakeServer) -> None:
    more = {"has_more": True, "last_id": "file-2", "pagination_token": "more"}
    pages = [reported({"data": [known(1), known(2)], **more}), reported({"data": [known(3)], "has_more": False})]
    server.add_replies(*pages, *pages)
    client = at(provider, server)
    actual = world.ask(client, "list_files")
    assert [file.file_id for file in actual] == ["file-1", "file-2", "file-3"]
    assert {file.provider for file in actual} == {provider}
    assert cursor in server.exchanges[1].path
    assert len(world.ask(client, "list_files", most=1)) == 1
    world.close(client)
    assert len(server.exchanges) == 3


def test_lists_with_numbers_and_those_with_tokens_are_read_too(world: World, server: FakeServer) -> None:
    server.add_replies(
        reported({"data": [known(n) for n in range(100)], "total": 101}), reported({"data": [known(100)]})
    )
    client = at("mistral", server)
    assert len(world.ask(client, "list_files", purpose="ocr")) == 101
    assert server.exchanges[1].path == "/v1/files?page_size=100&purpose=ocr&page=1"
    world.close(client)
    files = [{"name": f"files/f{n}", "sizeBytes": "3"} for n in range(3)]
    server.add_replies(
        reported({"files": files[:2], "nextPageToken": "t"}), reported({"files": files[2:]}), reported({})
    )
    client = at("google_ai", server)
    assert [file.file_id for file in world.ask(client, "list_files")] == ["files/f0", "files/f1", "files/f2"]
    assert world.ask(client, "delete_file", "files/f0") is None
    with pytest.raises(ConfigurationError, match="not a Gemini file"):
        world.ask(client, "get_file", "files/../../models")
    world.close(client)
    assert server.exchanges[4].path == "/v1beta/files/f0"


def test_a_file_is_waited_for_until_it_is_ready(world: World, server: FakeServer) -> None:
    server.add_replies(
        reported({"name": "files/f", "state": "PROCESSING"}), reported({"name": "files/f", "state": "ACTIVE"})
    )
    client = at("google_ai", server)
    assert world.ask(client, "wait_for_file", "files/f").state == "ready"
    server.add_replies(*[reported({"name": "files/f", "state": "PROCESSING"})] * 2)
    with pytest.raises(CallTimeoutError, match="was not ready"):
        world.ask(client, "wait_for_file", "f", wait=0.05)
    server.add_replies(reported({"name": "files/f", "state": "FAILED"}))
    with pytest.raises(ConfigurationError, match="could not process"):
        world.ask(client, "wait_for_file", "f")
    world.close(client)


def test_expiry_of_files_is_sent_in_each_dialect(server: FakeServer) -> None:
    server.add_replies(*[reported(known())] * 4)
    day = 86_400
    sent = {}
    for provider in ("openai", "mistral", "xai"):
        with at(provider, server) as client:
            client.upload_file(b"abc", expires_in=day)
        sent[provider] = read_form(server.exchanges[-1].headers["content-type"], server.exchanges[-1].body)
    assert (sent["openai"]["expires_after[anchor]"], sent["openai"]["expires_after[seconds]"]) == (
        "created_at",
        "86400",
    )
    assert (sent["mistral"]["expiry"], sent["xai"]["expires_after"]) == ("24", "86400")
    with at("anthropic", server) as client:
        assert client.upload_file(b"abc", expires_in=day).warnings[0].parameter == "expires_in"
        with pytest.raises(UnsupportedError, match="expires_in"):
            client.upload_file(b"abc", expires_in=day, strict=True)


def test_a_large_file_is_never_held_at_once(world: World, server: FakeServer, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    with large.open("wb") as file:
        file.truncate(16 << 20)
    server.add_replies(reported(known()))
    received: list[int] = []
    client = at("openai", server)
    tracemalloc.start()
    world.ask(client, "upload_file", large, on_progress=lambda sent, size: received.append(sent))
    world.close(client)
    # The fake server holds the body; everything else is ours.
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert received == [n << 20 for n in range(1, 17)]
    assert peak < (16 << 20) * 2.5
    assert len(server.exchanges[0].body) > 16 << 20


def test_unreadable_files_are_refused_before_sending(world: World, server: FakeServer, tmp_path: Path) -> None:
    client = at("openai", server)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        world.ask(client, "upload_file", tmp_path / "nothing.pdf")
    world.close(client)
    with at("deepseek", server) as client, pytest.raises(UnsupportedError, match="file uploads not offered"):
        client.list_files()
    assert server.exchanges == []
