"""`ai-utilities cache`: what is kept between commands, what it saved, and how it is forgotten."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dhenara.ai.testing import Answer, FakeServer, FakeUsage

HELLO = Answer(text="Hello!", usage=FakeUsage(12, 3))


def test_an_answer_is_cached_from_one_command_to_the_next(cli: Any, at_server: FakeServer) -> None:
    at_server.add_replies(HELLO)
    assert cli("ask", "Hi", "--cache").out == cli("ask", "Hi", "--cache").out
    assert len(at_server.exchanges) == 1
    reported = json.loads(cli("cache", "stats", "--json").out)
    assert (reported["entries"], reported["namespaces"]) == (1, {"default": 1})
    assert (reported["answers_given"], reported["saved_tokens"]) == (1, 15)
    assert "1 answers came from the cache and saved 15 tokens" in cli("cache", "stats").out


def test_entries_are_listed_and_shown_by_the_beginning_of_their_key(cli: Any, at_server: FakeServer) -> None:
    at_server.add_replies(HELLO)
    cli("ask", "Hi", "--cache")
    row = cli("cache", "inspect").out.splitlines()[2].split()
    assert (row[1:3], row[-1]) == (["fake-1", "15"], "Hello!")
    assert json.loads(cli("cache", "inspect", row[0]).out)["answer"]["model"] == "fake-1"
    assert cli("cache", "inspect", row[0].partition(":")[2]).code == 0
    assert cli("cache", "inspect", "zzz").code == 2


def test_it_is_cleared_by_namespace_or_wholly(cli: Any, at_server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    at_server.add_replies(HELLO, HELLO)
    cli("ask", "Hi", "--cache")
    monkeypatch.setenv("AI_CACHE_NAMESPACE", "other")
    cli("ask", "Hi", "--cache")
    assert "deleted 1 entries" in cli("cache", "clear", "--namespace", "other", "--yes").out
    assert json.loads(cli("cache", "stats", "--json").out)["namespaces"] == {"default": 1}
    assert cli("cache", "clear").code == 2
    assert "deleted 1 entries" in cli("cache", "clear", "-y").out


def test_a_cache_in_memory_cannot_be_looked_at(
    cli: Any, at_server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AI_CACHE_BACKEND", "memory")
    done = cli("cache", "stats")
    assert (done.code, "AI_CACHE_BACKEND" in done.err) == (2, True)
