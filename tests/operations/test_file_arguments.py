"""What of the arguments of file and skill methods is sent, and what happens to requests that cannot be used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallTimeoutError, ConfigurationError, OutputExistsError
from dhenara.ai.io.sync_io import BlockingIO
from dhenara.ai.output_files import PartialDownload
from dhenara.ai.testing import CutReply, FakeServer, Raw, RawStream, Stall
from dhenara.ai.types import FileContent
from support.worlds import World, endpoint

FILE = {"id": "file-1", "object": "file", "bytes": 4, "filename": "a.txt", "purpose": "batch", "created_at": 1}
SKILL = {"id": "skill-1", "object": "skill", "name": "a", "description": "b", "created_at": 1}


def raw(body: Any) -> Raw:
    return Raw(json.dumps(body).encode())


@pytest.fixture
def client(server: FakeServer) -> Iterator[AIModelClient]:
    with AIModelClient(endpoint(server.url)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("options", "name", "kind"),
    [
        ({}, b"mine.bin", b"application/x-mine"),
        ({"name": "other.txt", "mime_type": "text/plain"}, b"other.txt", b"text/plain"),
    ],
)
def test_a_part_is_uploaded_with_its_name_and_media_type_unless_others_are_given(
    options: dict[str, str], name: bytes, kind: bytes, client: AIModelClient, server: FakeServer
) -> None:
    server.add_replies(raw(FILE))
    client.upload_file(FileContent(data=b"text", name="mine.bin", mime_type="application/x-mine"), **options)
    body = server.exchanges[0].body
    assert b'filename="%s"' % name in body
    assert b"content-type: %s\r\n" % kind in body.lower()


def test_the_progress_of_an_upload_is_reported(client: AIModelClient, server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(raw(FILE))
    (tmp_path / "a.txt").write_bytes(b"text")
    seen: list[tuple[int, int | None]] = []
    client.upload_file(tmp_path / "a.txt", on_progress=lambda *counts: seen.append(counts))
    assert seen[-1] == (4, 4)


@pytest.mark.parametrize(("purpose", "sent"), [("batch", True), (None, False)])
def test_files_are_listed_by_purpose(purpose: str | None, sent: bool, world: World, server: FakeServer) -> None:
    server.add_replies(raw({"data": [FILE, FILE], "has_more": False}))
    client = AIModelClient(endpoint(server.url))
    assert len(world.ask(client, "list_files", purpose=purpose, most=1)) == 1
    world.close(client)
    assert ("purpose=batch" in server.exchanges[0].path) is sent


def test_no_more_skills_are_listed_than_are_wanted(client: AIModelClient, server: FakeServer) -> None:
    server.add_replies(raw({"data": [SKILL, SKILL], "has_more": False}), raw({"data": [], "has_more": False}))
    assert len(client.list_skills(most=1)) == 1
    assert client.list_skills(most=0) == []
    with pytest.raises(ConfigurationError, match="most"):
        client.list_skills(most=-1)


def test_a_skill_has_the_given_name(server: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "SKILL.md").write_text("---\nname: a\ndescription: b\n---\n")
    server.add_replies(raw({**SKILL, "type": "skill", "display_title": "Mine"}))
    with AIModelClient(endpoint(server.url, "anthropic")) as client:
        client.upload_skill(tmp_path, name="Mine")
    assert b"Mine" in server.exchanges[0].body


def test_a_file_is_polled_no_longer_than_the_given_time(monkeypatch: pytest.MonkeyPatch, server: FakeServer) -> None:
    slept: list[float] = []

    async def sleep(self: object, seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(BlockingIO, "monotonic", lambda self: sum(slept))
    monkeypatch.setattr(BlockingIO, "sleep", sleep)
    file = {"name": "files/f1", "state": "PROCESSING", "sizeBytes": "4", "mimeType": "video/mp4"}
    with FakeServer(raw(file), forever=True) as polled:
        client = AIModelClient(endpoint(polled.url, "google_ai"))
        with pytest.raises(CallTimeoutError):
            client.wait_for_file("files/f1", wait=7.0)
        client.close()
    assert sum(slept) == pytest.approx(7.0)


def test_nothing_is_requested_if_the_file_exists(world: World, server: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(OutputExistsError):
        world.ask(client, "download_file", "file-1", to_path=tmp_path / "a")
    world.close(client)
    assert (server.exchanges, (tmp_path / "a").read_text()) == ([], "mine")


def test_a_download_that_cannot_be_written_hangs_up(
    monkeypatch: pytest.MonkeyPatch, client: AIModelClient, server: FakeServer, tmp_path: Path
) -> None:
    def fail(self: object, data: bytes) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(PartialDownload, "write", fail)
    server.add_replies(CutReply(RawStream([b"text"] * 3), 2, Stall()))
    with pytest.raises(OSError, match="the disk is full") as failed:
        client.download_file("file-1", to_path=tmp_path / "a")
    assert server.exchanges[0].wait_left(30)
    assert list(tmp_path.iterdir()) == []
    assert failed.value.__traceback__ is not None  # which refers to the stream
