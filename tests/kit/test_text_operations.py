"""Ranking, judging, counting and reading pages through the kit's clients, in every world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ai_utilities import AiSettings, ProviderConfigurationError
from ai_utilities.exceptions import UnsupportedError
from dhenara.ai.testing import FakeServer, Refusal, SampleOperations
from support.kit import Uniform, run, settings
from support.worlds import World


def at(server: FakeServer, provider: str, **more: Any) -> AiSettings:
    return settings(server.url, provider=provider, usage_store="memory", **more)


def test_documents_are_ranked_by_the_usual_model(world: World, server: FakeServer) -> None:
    server.add_replies(Refusal(503, "later", headers={"retry-after-ms": "5"}), SampleOperations())

    async def script(client: Uniform) -> Any:
        ranked = await client.rerank("cats sleep", ["dogs bark", "cats sleep"], top_n=1, tags={"of": "test"})
        return ranked, list(client.usage_tracker.ledger.rows())

    ranked, rows = run(world, script, at(server, "voyage", model=None))
    assert ranked.documents() == ["cats sleep"]
    assert server.exchanges[1].json["model"] == "rerank-2.5"
    assert [(row.operation, row.outcome, row.tags) for row in rows] == [
        ("rerank", "failed", {"of": "test"}),
        ("rerank", "answered", {"of": "test"}),
    ]


def test_texts_are_judged(world: World, server: FakeServer) -> None:
    server.add_replies(SampleOperations(), SampleOperations())

    async def script(client: Uniform) -> Any:
        return await client.moderate(["be kind", "kill"], cache=False), await client.moderate("kill", model="mine")

    both, one = run(world, script, at(server, "openai", cache_enabled=True, budget_usd=0.01))
    assert [result.flagged for result in (*both.results, *one.results)] == [False, True, True]
    assert [exchange.json["model"] for exchange in server.exchanges] == ["omni-moderation-latest", "mine"]


def test_pages_are_read_from_a_path(world: World, server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(SampleOperations())
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "notes.txt").write_text("words")

    async def script(client: Uniform) -> Any:
        with pytest.raises(ProviderConfigurationError, match="read_text"):
            await client.ocr(tmp_path / "notes.txt")
        return await client.ocr(tmp_path / "scan.pdf", pages=[0, 2])

    reported = run(world, script, at(server, "mistral"))
    assert [page.index for page in reported.pages] == [0, 2]
    assert server.exchanges[0].json["model"] == "mistral-ocr-latest"


def test_tokens_of_a_question_are_counted_with_what_goes_along(world: World, server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    provided = settings(server.url, provider="anthropic", base_url=server.url, system_prompt="Be brief.")

    async def script(client: Uniform) -> Any:
        counted = await client.count_tokens("How long is this?", files=[b"a note"])
        guessed = await client.count_tokens("How long is this?", estimate=True)
        with pytest.raises(ProviderConfigurationError, match="the prompt is empty"):
            await client.count_tokens("")
        return counted, guessed

    counted, guessed = run(world, script, provided)
    assert (counted.estimated, guessed.estimated) == (False, True)
    assert (counted.input_tokens > 0, guessed.input_tokens > 0) == (True, True)
    requested = server.exchanges[0].json
    assert "Be brief." in str(requested["system"])
    assert "a note" in str(requested["messages"])
    assert len(server.exchanges) == 1


def test_where_nobody_counts_it_is_an_estimate_and_says_so(world: World, server: FakeServer) -> None:
    async def script(client: Uniform) -> Any:
        with pytest.raises(UnsupportedError):
            await client.count_tokens("How long?", estimate=False)
        return await client.count_tokens("How long?")

    assert run(world, script, at(server, "groq")).estimated
    assert server.exchanges == []


@pytest.mark.parametrize(
    ("name", "given"), [("rerank", ("q", ["d"])), ("ocr", (b"%PDF-",)), ("moderate", ("x",))], ids=lambda one: str(one)
)
def test_unavailable_operations_are_reported(name: str, given: Any, world: World, server: FakeServer) -> None:
    with pytest.raises(UnsupportedError, match=r"groq: .* not offered, only chat, "):
        run(world, lambda client: getattr(client, name)(*given), at(server, "groq"))


def test_words_stream_through_the_kit(world: World, server: FakeServer) -> None:
    from dhenara.ai.testing.sample_operations import wav_tone

    server.add_replies(SampleOperations())

    async def script(client: Uniform) -> str:
        stream = await client.transcribe_stream(wav_tone(0.2))
        return "".join(await client.pieces(stream))

    assert run(world, script, at(server, "openai")) == "Hello there."
