"""The page about Ollama and its example run."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai.testing import Answer, FakeServer
from support.documents import FENCE, run

ROOT = Path(__file__).resolve().parents[2]


def test_the_blocks_of_the_page_run(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers(Answer(text="Scattering.", reasoning="Light."), Answer(text="Short."))
    monkeypatch.setenv("OLLAMA_HOST", server.url.removeprefix("http://"))
    names: dict[str, Any] = {}
    for block in FENCE.findall((ROOT / "docs" / "ollama.md").read_text(encoding="utf-8")):
        names = run(block, names)
    names["client"].close()
    assert capsys.readouterr().out == "Light. Scattering.\n"
    assert server.exchanges[1].json["options"] == {"num_ctx": 32_768, "min_p": 0.05}


def test_the_example_runs_without_a_server_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / "examples" / "ollama.py"), run_name="__main__")
    assert "Short waves scatter more." in capsys.readouterr().out
