"""`ai-utilities batch`: a file in, a file out, and an exit code that says how it went."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai.testing import Answer, FakeBatches, FakeServer, Refusal


def test_a_file_of_rows_becomes_a_file_of_answers(cli: Any, at_server: FakeServer, tmp_path: Path) -> None:
    at_server.add_replies(Answer(text="Bonjour"), Answer(text="Monde"))
    (tmp_path / "in.jsonl").write_text('{"word": "hello"}\n{"word": "world"}\n')
    done = cli("batch", "in.jsonl", "out.jsonl", "--prompt", "Say {word} in French", "-c", "1")
    assert done.code == 0, done.err
    assert "2 answered, 0 failed" in done.err
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [(row["word"], row["text"]) for row in rows] == [("hello", "Bonjour"), ("world", "Monde")]


def test_failed_rows_are_exit_code_3_and_sent_again(cli: Any, at_server: FakeServer, tmp_path: Path) -> None:
    at_server.add_replies(Answer(text="one"), Refusal(400, "no"), Answer(text="two"))
    (tmp_path / "in.csv").write_text("prompt\na\nb\n")
    assert cli("batch", "in.csv", "out.csv", "-c", "1").code == 3
    again = cli("batch", "in.csv", "out.csv", "-c", "1")
    assert again.code == 0
    assert "1 kept from before" in again.err


def test_an_unknown_backend_is_refused_before_sending(cli: Any, at_server: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("prompt\na\n")
    done = cli("batch", "in.csv", "out.csv", "--on", "mars")
    assert done.code != 0
    assert "Use 'here', 'provider' or 'ray'" in done.err
    assert not at_server.exchanges


def test_a_file_goes_through_the_batches_of_the_provider(cli: Any, at_server: FakeServer, tmp_path: Path) -> None:
    fake = FakeBatches(polls=1)
    at_server.add_replies(*[fake] * 20)
    (tmp_path / "in.csv").write_text("word\nhello\nworld\n")
    provided = ("batch", "in.csv", "out.csv", "--prompt", "Say {word}", "--on", "provider", "--wait", "0")
    first = cli(*provided)
    assert first.code == 3, first.err
    assert "2 not answered yet" in first.err
    done = cli(*provided)
    assert done.code == 0, done.err
    assert fake.prompts == ["Say hello", "Say world"]
    assert (tmp_path / "out.csv").read_text().splitlines()[1].startswith("hello,SAY HELLO,")
    assert cli("batch", "in.csv", "out.csv", "--wait", "5").code == 2


@pytest.mark.slow
def test_a_file_goes_through_a_ray_cluster(cli: Any, at_server: FakeServer, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    at_server.add_replies(Answer(text="Bonjour"), Answer(text="Monde"))
    (tmp_path / "in.csv").write_text("word\nhello\nworld\n")
    done = cli("batch", "in.csv", "out.csv", "--prompt", "Say {word}", "--on", "ray", "-c", "1")
    assert done.code == 0, done.err
    assert (tmp_path / "out.csv").read_text().splitlines()[1].startswith("hello,Bonjour,")
