"""The README's blocks run, each against a fake provider."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer
from support.documents import FENCE, run
from support.worlds import endpoint

README = Path(__file__).resolve().parent.parent / "README.md"
FIRST, LOCAL, HISTORY, WARNING, BROWSER, WATCH = FENCE.findall(README.read_text(encoding="utf-8"))


def test_the_first_example(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers(Answer(text="Scattering."), Answer(text="Reflection."))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    run(FIRST, {})
    assert capsys.readouterr().out == "Scattering. 18\nReflection.\n stop\n"


def test_any_compatible_server() -> None:
    names: dict[str, Any] = {"AIModelAPI": __import__("dhenara.ai").ai.AIModelAPI}
    assert run(LOCAL, names)["local"].provider == "openai_compatible"


def test_the_answer_is_the_history(server: FakeServer) -> None:
    server.answers(Answer(text="Paris."), Answer(text="Two million."))
    with AIModelClient(endpoint(server.url)) as one, AIModelClient(endpoint(server.url, "anthropic")) as other:
        assert run(HISTORY, {"client": one, "other_client": other})["second"].chat_response.text() == "Two million."


def test_a_warning(server: FakeServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers(Answer(text="?"))
    with AIModelClient(endpoint(server.url)) as client:
        run(WARNING, {"client": client})
    assert "openai does not take top_k" in capsys.readouterr().out


def test_events_for_a_browser(server: FakeServer) -> None:
    server.answers(Answer(text="Hello!"))
    with AIModelClient(endpoint(server.url)) as client:
        body = "\n".join(f"    {line}" for line in BROWSER.splitlines())
        names = run(f"def forwarded(response):\n{body}\n", {})
        events = list(names["forwarded"](client.generate("?", streaming=True)))
    assert events
    assert all(event.startswith("event: token_stream\ndata: {") for event in events)


def test_watching(server: FakeServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers(Answer(text="Hello!"))
    names = run(WATCH, {"AIModelClient": AIModelClient, "endpoint": endpoint(server.url)})
    names["client"].generate("?")
    names["client"].close()
    assert "CallEnded" in capsys.readouterr().out
