"""`ai-utilities embed` and `image`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai.testing import FakeServer, SampleOperations


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """Answers whatever is asked with something of the right kind."""
    with FakeServer(SampleOperations(), forever=True) as running:
        yield running


def test_texts_become_vectors_in_their_order(cli: Any, at_server: FakeServer) -> None:
    lines = cli("embed", "one", "two", "--dimensions", "4").out.splitlines()
    actual = [json.loads(line) for line in lines]
    assert [row["text"] for row in actual] == ["one", "two"]
    assert all(len(row["vector"]) == 4 for row in actual)


def test_lines_are_piped_in(cli: Any, at_server: FakeServer) -> None:
    assert len(cli("embed", stdin="one\n\ntwo\n").out.splitlines()) == 2
    assert json.loads(cli("embed", "--whole", stdin="one\n\ntwo\n").out)["text"] == "one\n\ntwo"
    assert cli("embed").code == 2


def test_a_provider_that_only_embeds_embeds(cli: Any, at_server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOYAGE_API_KEY", "pa-of-the-test")
    monkeypatch.setenv("VOYAGE_BASE_URL", f"{at_server.url}/v1")
    assert len(json.loads(cli("embed", "one", "-p", "voyage", "--for", "query").out)["vector"]) > 0
    assert at_server.exchanges[0].json["input_type"] == "query"


def test_what_embedding_used_is_booked(cli: Any, at_server: FakeServer) -> None:
    cli("embed", "one", "--tag", "project=atlas")
    reported = json.loads(cli("usage", "--json").out)
    assert reported["tag:project"]["atlas"]["requests"] == 1
    assert reported["model"]["text-embedding-3-small"]["prompt_tokens"] > 0


def test_a_picture_is_written_and_nothing_overwritten(cli: Any, at_server: FakeServer, tmp_path: Path) -> None:
    first, second = cli("image", "an otter").out, cli("image", "another").out
    assert (first, second) == ("image.png\n", "image-2.png\n")
    assert (tmp_path / "image.png").read_bytes().startswith(b"\x89PNG")
    assert at_server.exchanges[0].json["model"] == "gpt-image-2"


def test_a_picture_is_changed(cli: Any, at_server: FakeServer) -> None:
    cli("image", "an otter")
    done = cli("image", "with a hat", "-f", "image.png", "-o", "hat.png", "--option", "n=1", "--usage")
    assert (done.out, done.err.startswith("[openai gpt-image-2: 1 image, ")) == ("hat.png\n", True), done.err
    assert at_server.exchanges[1].path.endswith("/images/edits")


def test_options_go_in_the_providers_words(cli: Any, at_server: FakeServer) -> None:
    cli("image", "an otter", "--option", "size=256x256", "--option", "n=1", "--tag", "a=b")
    assert (at_server.exchanges[0].json["size"], at_server.exchanges[0].json["n"]) == ("256x256", 1)
    assert json.loads(cli("usage", "--json").out)["tag:a"]["b"]["requests"] == 1


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (["image", "x", "--option", "size"], "name=value"),
        (["image", "x", "-f", "notes.txt"], "not an image"),
        (["image", "x", "-p", "anthropic"], "image generation not offered"),
        (["embed", "x", "-p", "mistral"], "MISTRAL_API_KEY"),
        (["embed", "x", "--for", "fun"], "input_type"),
    ],
)
def test_mistakes_are_reported(
    cli: Any,
    at_server: FakeServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    reported: str,
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-of-the-test")
    (tmp_path / "notes.txt").write_text("notes")
    done = cli(*arguments)
    assert (done.code, reported in done.err) == (2, True), done.err
