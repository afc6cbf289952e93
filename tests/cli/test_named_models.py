"""Commands name models with their provider, in flags and in variables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai.testing import Answer, FakeServer, Refusal, SampleOperations

HELLO = Answer(text="Hello!")


@pytest.fixture
def everywhere(at_server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    """Keys of two more providers, at the same server."""
    monkeypatch.delenv("OPENAI_MODEL")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-a")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", at_server.url)
    monkeypatch.setenv("GROQ_API_KEY", "gsk-g")
    monkeypatch.setenv("GROQ_BASE_URL", f"{at_server.url}/groq")
    return at_server


def sent(server: FakeServer) -> list[tuple[str, str]]:
    return [(one.path, one.json["model"]) for one in server.exchanges]


@pytest.mark.parametrize("name", ["anthropic/claude-sonnet-5", "claude/claude-sonnet-5", "claude-sonnet-5"])
def test_a_flag_names_provider_and_model(name: str, cli: Any, everywhere: FakeServer) -> None:
    everywhere.add_replies(HELLO)
    done = cli("ask", "hi", "-m", name)
    assert (done.code, done.out) == (0, "Hello!\n"), done.err
    assert sent(everywhere) == [("/v1/messages", "claude-sonnet-5")]


def test_variables_name_them_too(cli: Any, everywhere: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    everywhere.add_replies(HELLO, Refusal(503), HELLO)
    monkeypatch.setenv("AI_MAX_RETRIES", "0")
    monkeypatch.setenv("AI_MODEL", "groq/openai/gpt-oss-20b")
    monkeypatch.setenv("AI_FALLBACKS", "claude-sonnet-5")
    assert cli("ask", "hi").code == 0
    assert cli("ask", "hi").code == 0
    assert sent(everywhere) == [
        ("/groq/chat/completions", "openai/gpt-oss-20b"),
        ("/groq/chat/completions", "openai/gpt-oss-20b"),
        ("/v1/messages", "claude-sonnet-5"),
    ]


def test_embeddings_bulk_runs_and_chats_name_them_too(cli: Any, everywhere: FakeServer, tmp_path: Path) -> None:
    everywhere.add_replies(SampleOperations(), HELLO, HELLO, HELLO)
    done = cli("embed", "-m", "openai/text-embedding-3-small", stdin="some text")
    assert done.code == 0, done.err
    (tmp_path / "in.jsonl").write_text('{"word": "hello"}\n')
    done = cli("batch", "in.jsonl", "out.jsonl", "--prompt", "Say {word}", "-m", "anthropic/claude-sonnet-5")
    assert done.code == 0, done.err
    row = json.loads((tmp_path / "out.jsonl").read_text())
    assert (row["provider"], row["text"]) == ("anthropic", "Hello!")
    done = cli("chat", "-m", "openai/gpt-5.4-mini", stdin="hi\n/model anthropic/claude-sonnet-5\nhi\n")
    assert done.code == 0, done.err
    assert [model for _, model in sent(everywhere)] == [
        "text-embedding-3-small",
        "claude-sonnet-5",
        "gpt-5.4-mini",
        "claude-sonnet-5",
    ]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (("-m", "opnai/gpt-5"), "unknown provider 'opnai' in 'opnai/gpt-5'. Did you mean 'openai'?"),
        (("-p", "openai", "-m", "meta-llama/x", "-p", "opnai"), "--provider: unknown provider 'opnai'. Did you mean"),
    ],
)
def test_a_misspelt_name_is_answered_in_one_line(
    flags: tuple[str, ...], expected: str, cli: Any, everywhere: FakeServer
) -> None:
    done = cli("ask", "hi", *flags)
    assert done.code == 2
    assert expected in done.err
    assert done.err.count("\n") == 1
    assert everywhere.exchanges == []
