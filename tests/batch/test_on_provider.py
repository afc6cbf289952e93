"""Bulk runs through the provider's own batches: in order, in parts, resumed after any death, and paid for once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import trio

from ai_utilities import AiClient, AiSettings, AsyncAiClient
from ai_utilities.batch import BulkReport, OnProvider, run_bulk, run_bulk_async
from ai_utilities.exceptions import ProviderCapabilityError, ProviderConfigurationError
from ai_utilities.providers.base_provider import BaseProvider
from ai_utilities.results import AskResult
from ai_utilities.usage import MemoryLedger, UsageTracker
from dhenara.ai.pipeline.operations.batch_jobs import BatchClient
from dhenara.ai.testing import FakeBatches, FakeServer, Stall

VICTIM = Path(__file__).resolve().parents[1] / "support" / "bulk_victim.py"
AT_ONCE = OnProvider(every=0.01)
BASES = {"anthropic": "", "google_ai": "/v1beta"}
MODELS = {"anthropic": "claude-haiku-4-5", "google_ai": "gemini-2.5-flash", "xai": "grok-4.3"}


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], FakeServer]]:
    """A server of batches, with the environment pointing at it."""
    running: list[FakeServer] = []

    def start(reply: Any) -> FakeServer:
        server = FakeServer(reply, forever=True)
        running.append(server.__enter__())
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-of-batches")
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        return server

    yield start
    for server in running:
        server.__exit__(None, None, None)


def settings(server: FakeServer, provider: str = "openai", **provided: Any) -> AiSettings:
    base = server.url + BASES.get(provider, "/v1")
    known = {"provider": provider, "api_key": "sk-test", "base_url": base, "model": MODELS.get(provider, "gpt-5-nano")}
    return AiSettings(_env_file=None, **{**known, **provided})


def in_threads(wiring: tuple[AiSettings, Any], source: Any, output: str, **options: Any) -> BulkReport:
    with AiClient(wiring[0], usage_tracker=wiring[1]) as client:
        return run_bulk(source, output, client=client, **{"on": AT_ONCE, **options})


async def awaited(wiring: tuple[AiSettings, Any], source: Any, output: str, options: dict[str, Any]) -> BulkReport:
    async with AsyncAiClient(wiring[0], usage_tracker=wiring[1]) as client:
        return await run_bulk_async(source, output, client=client, **{"on": AT_ONCE, **options})


def on_asyncio(wiring: tuple[AiSettings, Any], source: Any, output: str, **options: Any) -> BulkReport:
    return asyncio.run(awaited(wiring, source, output, options))


def on_trio(wiring: tuple[AiSettings, Any], source: Any, output: str, **options: Any) -> BulkReport:
    return trio.run(awaited, wiring, source, output, options)


RUNS = pytest.mark.parametrize("run", [in_threads, on_asyncio, on_trio])
WORDS = [f"w{number}" for number in range(7)]


def rows(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def limited(monkeypatch: pytest.MonkeyPatch, **limits: int) -> None:
    """Providers take less at once."""
    usual = BatchClient.quirks.fget
    assert usual is not None
    monkeypatch.setattr(BatchClient, "quirks", property(lambda self: replace(usual(self), **limits)))


@RUNS
@pytest.mark.parametrize("provider", ["openai", "groq", "mistral", "anthropic", "google_ai", "xai"])
def test_answers_come_out_in_the_order_of_the_rows(
    run: Any, provider: str, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(monkeypatch, most_requests=3)
    fake = FakeBatches()
    server = serve(fake)
    report = run((settings(server, provider), None), [{"word": word} for word in WORDS], "out.jsonl", prompt="{word}")
    assert [row["text"] for row in rows("out.jsonl")] == [word.upper() for word in WORDS]
    assert (report.answered, report.failed, report.tokens, report.total) == (7, 0, 7 * 15, 7)
    assert [len(batch.calls) for batch in fake.batches.values()] == [3, 3, 1]
    assert not Path("out.jsonl.journal").exists()


@RUNS
def test_only_a_failed_row_is_sent_again_by_the_next_run(run: Any, serve: Any) -> None:
    bad = {"w3", "w5"}
    fake = FakeBatches(lambda words: None if words in bad else words)
    wiring = settings(serve(fake)), None
    first = run(wiring, [*WORDS, "  "], "out.jsonl")
    assert (first.answered, first.failed) == (5, 3)
    assert "rejects this call" in rows("out.jsonl")[3]["error"]
    assert "the prompt is empty" in rows("out.jsonl")[7]["error"]
    bad.clear()
    second = run(wiring, [*WORDS, "hello"], "out.jsonl")
    assert (second.answered, second.reused, second.failed) == (3, 5, 0)
    assert fake.prompts[7:] == ["w3", "w5", "hello"]


@RUNS
def test_a_run_that_waits_no_longer_is_finished_by_a_later_one(run: Any, serve: Any) -> None:
    fake = FakeBatches(polls=2)
    wiring = settings(serve(fake)), None
    first = run(wiring, WORDS, "out.jsonl", on=OnProvider(wait=0))
    assert (first.answered, first.waiting, first.ok) == (0, 7, False)
    assert "Run the command again" in rows("out.jsonl")[0]["error"]
    assert "7 not answered yet" in str(first)
    # One question is another one by now; the others wait for their answers.
    last = run(wiring, ["other", *WORDS[1:]], "out.jsonl")
    assert (last.answered, last.waiting, last.ok) == (7, 0, True)
    assert [row["text"] for row in rows("out.jsonl")] == ["OTHER", *map(str.upper, WORDS[1:])]
    assert fake.prompts == [*WORDS, "other"]


@RUNS
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_batch_whose_handle_never_came_is_looked_up_and_not_paid_for_twice(
    run: Any, provider: str, serve: Any
) -> None:
    fake = FakeBatches(lost=1, polls=0)
    # Batches are made now, for whoever looks for them by their time.
    report = run((settings(serve(recent(fake)), provider), None), WORDS, "out.jsonl")
    assert (report.answered, report.failed) == (7, 0)
    assert fake.prompts == WORDS


@RUNS
def test_who_does_not_wait_leaves_an_unknown_batch_to_the_next_run(run: Any, serve: Any) -> None:
    fake = FakeBatches(lost=1, polls=1)
    wiring = settings(serve(recent(fake)), "anthropic"), None
    first = run(wiring, WORDS, "out.jsonl", on=OnProvider(wait=0))
    assert (first.answered, first.failed, first.waiting) == (0, 0, 7)
    report = run(wiring, WORDS, "out.jsonl")
    assert (report.answered, report.failed) == (7, 0)
    assert fake.prompts == WORDS


def recent(fake: FakeBatches) -> Any:
    """The same fake provider, whose batches are of this minute."""
    from datetime import UTC, datetime

    from dhenara.ai.testing.answer import Send
    from dhenara.ai.testing.batches import CREATED, DAY

    now = datetime.now(UTC)
    old = [(str(CREATED), str(int(now.timestamp()))), (DAY, f"{now:%Y-%m-%dT%H:%M:%SZ}")]

    class Recent:
        def steps(self, requested: Any) -> Iterable[Any]:
            for step in fake.steps(requested):
                if isinstance(step, Send):
                    data = step.data
                    for before, after in old:
                        data = data.replace(before.encode(), after.encode())
                    step = Send(data)
                yield step

    return Recent()


def victim(tmp_path: Path, count: int = 20) -> tuple[Path, subprocess.Popen[bytes]]:
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps({"word": f"w{number}"}) + "\n" for number in range(count)))
    command = [sys.executable, str(VICTIM), str(source), "out.jsonl", "provider"]
    return source, subprocess.Popen(command, env={**os.environ, "AI_MODEL": "gpt-5-nano"}, cwd=tmp_path)


def kill(process: subprocess.Popen[bytes], when: Callable[[], bool]) -> None:
    until = time.monotonic() + 200
    while not when():
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()


def finished_by_another(source: Path, server: FakeServer) -> BulkReport:
    return in_threads((settings(server), None), str(source), "out.jsonl", prompt="Say {word}")


def test_a_run_killed_while_it_waits_goes_on_without_paying_twice(serve: Any, tmp_path: Path) -> None:
    fake = FakeBatches(polls=10_000)
    server = serve(fake)
    source, process = victim(tmp_path)
    kill(process, lambda: bool(fake.batches) and next(iter(fake.batches.values())).polls > 1)
    fake._polls = 0
    report = finished_by_another(source, server)
    assert (report.answered, report.failed) == (20, 0)
    assert fake.prompts == [f"Say w{number}" for number in range(20)]
    assert [row["text"] for row in rows("out.jsonl")] == [f"SAY W{number}" for number in range(20)]


def test_a_run_killed_before_it_received_its_batch_handle_finds_the_batch(serve: Any, tmp_path: Path) -> None:
    class Slow(FakeBatches):
        """Makes batches, and tells nobody until somebody was killed."""

        quick = False

        def steps(self, requested: Any) -> Iterable[Any]:
            steps = super().steps(requested)
            if requested.path.endswith("/batches") and requested.method == "POST" and not self.quick:
                return [Stall()]
            return steps

    fake = Slow()
    server = serve(recent(fake))
    source, process = victim(tmp_path)
    kill(process, lambda: bool(fake.batches))
    fake.quick = True
    report = finished_by_another(source, server)
    assert (report.answered, report.failed) == (20, 0)
    assert len(fake.prompts) == 20


def test_a_run_killed_before_its_batch_was_made_makes_it(serve: Any, tmp_path: Path) -> None:
    class Deaf(FakeBatches):
        """Takes files, and no batches until somebody was killed."""

        hears = False
        requested_fields = 0

        def steps(self, requested: Any) -> Iterable[Any]:
            if requested.path.endswith("/batches") and requested.method == "POST" and not self.hears:
                self.requested_fields += 1
                return [Stall()]
            return super().steps(requested)

    fake = Deaf()
    server = serve(fake)
    source, process = victim(tmp_path)
    kill(process, lambda: fake.requested_fields > 0)
    fake.hears = True
    report = finished_by_another(source, server)
    assert (report.answered, report.failed) == (20, 0)
    assert len(fake.prompts) == 20


@RUNS
def test_tokens_and_costs_are_reported_and_recorded_per_row(run: Any, serve: Any) -> None:
    ledger, reported = MemoryLedger(), []
    wiring = settings(serve(FakeBatches())), UsageTracker(ledger)
    report = run(wiring, WORDS, "out.jsonl", tags={"job": "night"}, on_progress=reported.append)
    booked = [row for row in ledger.rows(tags={"job": "night"}) if row.operation == "batch"]
    assert len(booked) == len(reported) == 7
    assert report.cost == sum(row.cost or 0 for row in booked) == Decimal(rows("out.jsonl")[0]["cost"]) * 7 > 0
    assert [now.tokens for now in reported[:3]] == [15, 30, 45]
    assert (reported[-1].done, reported[-1].cost) == (7, report.cost)


@RUNS
def test_what_a_budget_does_not_allow_is_not_handed_over(run: Any, serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    limited(monkeypatch, most_requests=4)
    fake = FakeBatches()
    # Four answers of a thousand tokens, at 0.4 dollars a million and half the price.
    wiring = settings(serve(fake), budget_usd="0.00085", max_tokens=1_000), None
    report = run(wiring, [*WORDS, "w7"], "out.jsonl")
    assert (report.answered, report.failed) == (4, 4)
    assert fake.prompts == WORDS[:4]
    assert rows("out.jsonl")[4]["error"].startswith("BudgetExceededError")


def test_options_that_batches_lack_are_refused_before_sending(serve: Any) -> None:
    server = serve(FakeBatches())
    wiring = settings(server), None

    def look() -> str:
        """Looks."""
        return "up"

    with pytest.raises(ProviderConfigurationError, match="tools cannot run in a batch"):
        in_threads(wiring, WORDS, "out.jsonl", tools=[look])
    with pytest.raises(ProviderConfigurationError, match="no cache"):
        in_threads(wiring, WORDS, "out.jsonl", cache=True)
    with pytest.raises(ProviderConfigurationError, match="'provider'"):
        in_threads(wiring, WORDS, "out.jsonl", on="mars")

    class Own(BaseProvider):
        provider_name = "own"

        def ask(self, prompt: str, **kwargs: Any) -> AskResult:
            return AskResult("hi")

    with AiClient(settings(server), provider=Own()) as client, pytest.raises(ProviderCapabilityError):
        run_bulk(WORDS, "out.jsonl", client=client, on="provider")
    assert not server.exchanges


def test_context_files_and_shapes_go_with_every_row(serve: Any, tmp_path: Path) -> None:
    fake = FakeBatches(lambda words: json.dumps({"word": words}))
    wiring = settings(serve(fake)), None
    provided = [{"role": "user", "content": "Before."}, {"role": "assistant", "content": "Yes?"}]
    schema = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}
    run = {"context": provided, "system": "Be brief.", "max_tokens": 9, "structured_output": schema}
    report = in_threads(wiring, ["a", "b"], "out.jsonl", **run)
    assert report.ok
    body = next(iter(next(iter(fake.batches.values())).calls.values()))
    assert [turn["content"] for turn in body["messages"]] == ["Be brief.", "Before.", "Yes?", "a"]
    assert body["response_format"]["type"] == "json_schema"
    assert json.loads(rows("out.jsonl")[1]["text"]) == {"word": "b"}
