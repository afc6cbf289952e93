"""The document "Real World Usage", run as printed, against a server that refuses what the vendors would refuse."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from dhenara.ai.testing import Answer, FakeServer
from support.documents import blocks, run

STORY = Answer(text="Once there was a robot.", reasoning="A robot, then.")
PLACES = {"ANTHROPIC_BASE_URL": "", "OPENAI_BASE_URL": "/v1", "GEMINI_BASE_URL": "/v1beta"}


@pytest.fixture
def vendors(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    """OpenAI, Anthropic and Google in one place."""
    with FakeServer(STORY, forever=True, strict=True) as server:
        for name, path in PLACES.items():
            monkeypatch.setenv(name, server.url + path)
        yield server


@pytest.mark.parametrize("seed", range(8))
def test_every_turn_may_go_to_another_model(
    seed: int, vendors: FakeServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    random.seed(seed)
    (block,) = blocks("001-real-world-usage.md")
    names: dict[str, Any] = run(block, {"__name__": "__main__"})
    shown = capsys.readouterr().out
    assert shown.count("Once there was a robot.") + shown.count("A robot, then.") == 3
    assert len(names["all_model_endpoints"]) == 6
    assert len(vendors.exchanges) == 3
    reported = vendors.exchanges[-1].body.decode()
    assert "robot learning to paint" in reported
    assert reported.count("Once there was a robot.") == 2


def test_each_vendor_in_turn_gets_the_answers_of_the_others(vendors: FakeServer) -> None:
    (block,) = blocks("001-real-world-usage.md")
    names = run(block, {"__name__": "seed"})
    nodes: list[Any] = []
    for number, endpoint in enumerate([*names["all_model_endpoints"], *names["all_model_endpoints"]]):
        nodes.append(names["handle_conversation_turn"](f"Question {number}?", ["Be brief."], endpoint, nodes))
    assert all(node.response.text() == "Once there was a robot." for node in nodes)
    assert all(f"Question {number}?" in vendors.exchanges[-1].body.decode() for number in range(12))
