"""Files through the kit's clients, in every world: sent once, found again, forgotten when they are gone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ai_utilities.exceptions import ProviderConfigurationError
from ai_utilities.files import UploadRecord
from dhenara.ai.testing import FakeServer, Raw, Refusal
from support.kit import Uniform, run, settings
from support.worlds import World


@pytest.fixture(autouse=True)
def _a_cache_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def reported(number: int, **more: Any) -> Raw:
    return Raw(json.dumps({"id": f"file-{number}", "filename": "a.txt", "bytes": 3, **more}).encode())


def test_the_same_file_is_sent_once(world: World, server: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"abc")
    server.add_replies(reported(1), reported(1), reported(2), reported(3), reported(4))

    async def script(client: Uniform) -> list[str]:
        path = tmp_path / "a.txt"
        files = [await client.upload_file(path), await client.upload_file(path, tags={"of": "test"})]
        files.append(await client.upload_file(path, again=True))
        files.append(await client.upload_file(path, purpose="batch"))
        path.write_bytes(b"xyz")
        files.append(await client.upload_file(path))
        return [file.file_id for file in files]

    actual = run(world, script, settings(server.url, provider="openai"))
    assert actual == ["file-1", "file-1", "file-2", "file-3", "file-4"]
    assert [one.method for one in server.exchanges] == ["POST", "GET", "POST", "POST", "POST"]


def test_another_account_has_files_of_its_own(world: World, server: FakeServer) -> None:
    server.add_replies(reported(1), reported(2))
    for key, expected in (("one", "file-1"), ("two", "file-2")):
        provided = settings(server.url, provider="openai", api_key=key)
        assert run(world, lambda client: client.upload_file(b"abc"), provided).file_id == expected


def test_a_file_that_is_gone_is_sent_again(world: World, server: FakeServer) -> None:
    server.add_replies(
        reported(1), Refusal(404, "gone"), reported(2), Raw(b'{"id": "file-2", "deleted": true}'), reported(3)
    )

    async def script(client: Uniform) -> list[str]:
        files = [await client.upload_file(b"abc"), await client.upload_file(b"abc")]
        await client.delete_file("file-2")
        return [file.file_id for file in [*files, await client.upload_file(b"abc")]]

    assert run(world, script, settings(server.url, provider="openai")) == ["file-1", "file-2", "file-3"]


def test_one_that_takes_a_while_is_waited_for(world: World, server: FakeServer) -> None:
    server.add_replies(reported(1, status="uploaded"), reported(1, status="processed"))
    file = run(world, lambda client: client.upload_file(b"abc"), settings(server.url, provider="openai"))
    assert file.state == "ready"


def test_files_are_listed_and_fetched(world: World, server: FakeServer, tmp_path: Path) -> None:
    listed = {"data": [{"id": "file-1", "filename": "a", "bytes": 1}], "has_more": False}
    server.add_replies(Raw(json.dumps(listed).encode()), Raw(b"words"), Raw(b"words"))

    async def script(client: Uniform) -> Any:
        files = await client.list_files()
        there = await client.download_file(files[0].file_id, to_path=tmp_path / "new" / "a.txt")
        return there, await client.download_file("file-1")

    there, data = run(world, script, settings(server.url, provider="openai"))
    assert there.read_bytes() == data == b"words"


def test_a_missing_file_is_reported(world: World, server: FakeServer, tmp_path: Path) -> None:
    with pytest.raises(ProviderConfigurationError, match="cannot read the file"):
        run(world, lambda c: c.upload_file(tmp_path / "no"), settings(server.url, provider="openai"))


def test_what_has_expired_is_not_remembered(tmp_path: Path) -> None:
    record = UploadRecord(tmp_path / "uploads.sqlite", now=lambda: 100.0)
    record.store("a", "file-1", 101.0)
    record.store("b", "file-2", 99.0)
    assert (record.find("a"), record.find("b"), record.find("c")) == ("file-1", None, None)
