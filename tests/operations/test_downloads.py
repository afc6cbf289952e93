"""Files that come to disk as they arrive: in every world, never held at once, and whole or not at all."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import (
    BrokenStreamError,
    CallTimeoutError,
    ConfigurationError,
    NotFoundError,
    UnsupportedError,
)
from dhenara.ai.testing import CutReply, FakeServer, GzippedReply, Raw, Refusal, Stall
from dhenara.ai.testing.answer import Send, Step
from support.kit import Uniform, run, settings
from support.worlds import World, endpoint

PIECE = bytes(range(256)) * 4096


@dataclass
class Large:
    """A file that is made while it is sent."""

    pieces: int
    kind: str = "application/octet-stream"

    def steps(self, requested: Any) -> Iterator[Step]:
        size = self.pieces * len(PIECE)
        yield Send(f"HTTP/1.1 200 OK\r\ncontent-type: {self.kind}\r\ncontent-length: {size}\r\n\r\n".encode())
        for _ in range(self.pieces):
            yield Send(PIECE)


def at(provider: str, server: FakeServer) -> AIModelClient:
    return AIModelClient(endpoint(server.url, provider, "any"))


def there(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_large_file_goes_to_disk_without_being_held(world: World, server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(Large(48))
    client, received = at("openai", server), list[tuple[int, int | None]]()
    tracemalloc.start()
    where = world.ask(
        client,
        "download_file",
        "file-1",
        to_path=tmp_path / "made" / "large.bin",
        on_progress=lambda got, size: received.append((got, size)),
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    world.close(client)
    assert where == tmp_path / "made" / "large.bin"
    assert where.stat().st_size == 48 << 20
    assert where.read_bytes()[-len(PIECE) :] == PIECE
    assert peak < 8 << 20
    assert received[-1] == (48 << 20, 48 << 20)
    assert [got for got, _ in received] == sorted(got for got, _ in received)
    assert there(tmp_path / "made") == ["large.bin"]


@pytest.mark.parametrize("provider", ["openai", "mistral", "xai", "groq", "anthropic", "google_ai"])
@pytest.mark.parametrize("kind", ["application/json", "text/event-stream", "text/plain"])
def test_files_of_every_kind_come_as_they_are(provider: str, kind: str, server: FakeServer, tmp_path: Path) -> None:
    body = b'{"not": "ours to read"}\n\ndata: x\n\n'
    server.add_replies(*[Raw(body, headers={"content-type": kind})] * 2)
    with at(provider, server) as client:
        assert client.download_file("f1", to_path=tmp_path / "a").read_bytes() == body
        if kind != "text/event-stream":
            assert client.download_file("f1") == body


def test_a_packed_file_is_opened_and_its_size_not_guessed(world: World, server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(GzippedReply(Raw(b"words " * 1000)), Raw(b""))
    client, received = at("openai", server), list[int | None]()
    reported = {"on_progress": lambda got, size: received.append(size)}
    assert world.ask(client, "download_file", "f", to_path=tmp_path / "a", **reported).stat().st_size == 6000
    assert set(received) == {None}
    assert world.ask(client, "download_file", "f", to_path=tmp_path / "b").read_bytes() == b""
    world.close(client)


def test_a_line_that_breaks_is_tried_again_from_the_beginning(world: World, server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(Refusal(503, "later", headers={"retry-after-ms": "5"}), CutReply(Large(4), 3), Large(4))
    client = at("openai", server)
    path = world.ask(client, "download_file", "f", to_path=tmp_path / "a")
    world.close(client)
    assert path.read_bytes() == PIECE * 4
    assert there(tmp_path) == ["a"]


@pytest.mark.parametrize(
    ("reply", "error", "provided"),
    [
        (CutReply(Large(4), 3), BrokenStreamError, {"retries": 0}),
        (CutReply(Large(4), 3, Stall()), CallTimeoutError, {"timeout": 0.4}),
        (Refusal(404, "no such file"), NotFoundError, {}),
    ],
)
def test_what_does_not_arrive_whole_leaves_what_was_there(
    reply: Any, error: type[Exception], provided: dict[str, Any], world: World, server: FakeServer, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"of yesterday")
    server.add_replies(reply)
    client = at("openai", server)
    with pytest.raises(error):
        world.ask(client, "download_file", "f", to_path=tmp_path / "a", overwrite=True, **provided)
    world.close(client)
    assert (there(tmp_path), (tmp_path / "a").read_bytes()) == (["a"], b"of yesterday")


def test_whoever_stops_listening_hangs_up(world: World, server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(Large(64))

    def enough(got: int, size: int | None) -> None:
        raise KeyError("enough")

    client = at("openai", server)
    with pytest.raises(KeyError):
        world.ask(client, "download_file", "f", to_path=tmp_path / "a", on_progress=enough)
    assert server.exchanges[0].wait_left()
    assert there(tmp_path) == []
    world.close(client)


def test_unwritable_targets_are_reported(world: World, server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(Large(1), Large(1))
    (tmp_path / "file").write_bytes(b"")
    client = at("openai", server)
    with pytest.raises(ConfigurationError, match="cannot be written"):
        world.ask(client, "download_file", "f", to_path=tmp_path / "file" / "below")
    with pytest.raises(ConfigurationError, match="Pass to_path"):
        world.ask(client, "download_file", "f", on_progress=print)
    world.close(client)
    with at("deepseek", server) as none, pytest.raises(UnsupportedError, match="file uploads not offered"):
        none.download_file("f", to_path=tmp_path / "a")


def test_the_kit_downloads_to_disk_too(world: World, server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(Large(2), Raw(b"words", headers={"content-type": "text/plain"}))
    received: list[int] = []

    async def script(client: Uniform) -> Any:
        where = await client.download_file("f", to_path=tmp_path / "a", on_progress=lambda got, _: received.append(got))
        return where, await client.download_file("f"), list(client.usage_tracker.ledger.rows())

    where, words, rows = run(world, script, settings(server.url, usage_store="memory"))
    assert (where.stat().st_size, received[-1], words) == (2 << 20, 2 << 20, b"words")
    assert [(row.operation, row.outcome) for row in rows] == [("files", "answered")] * 2
