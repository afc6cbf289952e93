"""Seeds 002 and 003: streaming, every block as printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dhenara.ai.config import Settings, settings
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, FakeUsage, HangUp
from support.documents import blocks, run
from support.worlds import endpoint

PROVIDED = "A robot learned to paint the sky."


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_chunks_and_the_final_answer(provider: str, server: FakeServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.add_replies(Answer(text=PROVIDED))
    run(blocks("002-streaming-simplified.md")[0], {"my_endpoint": endpoint(server.url, provider)})
    assert capsys.readouterr().out == f"{PROVIDED}\n\nFINAL COMPLETE RESPONSE:\n{PROVIDED}\n"


def test_the_setting_in_a_file_and_at_run_time(tmp_path: Path) -> None:
    _, in_file, at_run_time = blocks("002-streaming-simplified.md")
    (tmp_path / "dhenara_config.py").write_text(in_file)
    assert Settings(tmp_path).ENABLE_STREAMING_CONSOLIDATION is True
    run(at_run_time, {})
    assert settings.ENABLE_STREAMING_CONSOLIDATION is False
    del settings.ENABLE_STREAMING_CONSOLIDATION
    assert settings.ENABLE_STREAMING_CONSOLIDATION is True


@pytest.fixture
def streaming_example(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    return blocks("003-streaming.md")[0]


def test_the_streaming_example(streaming_example: str, server: FakeServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.add_replies(Answer(text=PROVIDED, usage=FakeUsage(12, 8)))
    names: dict[str, Any] = run(streaming_example, {})
    names["client"].close()
    out = capsys.readouterr().out
    assert out.startswith(f"{PROVIDED}\n\n---\nFinal consolidated response:\n\n{PROVIDED}\n\nUsage:")
    assert names["final_response"].chat_response.usage.total_tokens == 20
    body = server.exchanges[0].json
    assert (body["model"], body["max_tokens"], body["system"]) == ("claude-sonnet-4-5", 400, "Be concise.")
    assert "thinking" not in body


def test_the_streaming_example_tells_an_error_in_the_middle(streaming_example: str, server: FakeServer) -> None:
    server.add_replies(CutReply(DialectReply(Answer(text=PROVIDED), pause=0.01), 6, HangUp()))
    names: dict[str, Any] = {}
    with pytest.raises(RuntimeError, match=r"external_api_error: anthropic .*connection broke"):
        run(streaming_example, names)
    names["client"].close()
