"""Batches against a fake provider that remembers them: many, split, found again, streamed and parsed, everywhere."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from dhenara.ai import AIModelClient
from dhenara.ai.errors import BrokenStreamError, CallError, ConfigurationError, UnsupportedError
from dhenara.ai.io.sync_io import run
from dhenara.ai.testing import FakeBatches, FakeServer, HangUp, Raw, Send
from dhenara.ai.testing.batches import OPENAI
from dhenara.ai.types import BatchJob, ChatModelCostData
from support.corpus import body_bytes, exchanges
from support.worlds import World, endpoint

MODELS = {"anthropic": "claude-haiku-4-5", "google_ai": "gemini-2.5-flash", "openai": "gpt-5-nano", "xai": "grok-4.3"}
PROVIDERS = ("openai", "groq", "mistral", "anthropic", "google_ai", "xai")
SHARE = {"xai": Decimal("0.8")}
PRICES = ChatModelCostData(input_token_cost_per_million=Decimal(2), output_token_cost_per_million=Decimal(4))
MADE = datetime(2026, 9, 21, 12, tzinfo=UTC)
everywhere = pytest.mark.parametrize("provider", PROVIDERS)


def at(provider: str, server: FakeServer, model: str | None = None, **config: Any) -> AIModelClient:
    known = endpoint(server.url, provider, model or MODELS.get(provider, "m-1"), **config)
    return AIModelClient(known.model_copy(update={"cost_data": PRICES}))


def read_all(world: World, client: AIModelClient, method: str, /, *given: Any, **provided: Any) -> list[Any]:
    """Whatever an iterator of either colour yields, until its end."""
    if world.name == "blocking":
        return list(getattr(client, method)(*given, **provided))

    async def drained() -> list[Any]:
        return [one async for one in await getattr(client, f"{method}_async")(*given, **provided)]

    actual: list[Any] = world._start(drained)  # type: ignore[union-attr]  # it is no blocking world
    return actual


def limited(client: AIModelClient, **limits: int) -> AIModelClient:
    """The same provider with other limits on its batches."""
    for is_async in (False, True):
        pipeline = client._pipeline("batches", is_async=is_async)
        pipeline.target = replace(pipeline.target, quirks=replace(pipeline.target.quirks, **limits))
    return client


@everywhere
def test_every_provider_answers_each_call_in_its_place(provider: str, world: World) -> None:
    fake = FakeBatches(lambda words: None if words == "bad" else words.upper())
    with FakeServer(fake, forever=True) as server:
        client = at(provider, server)
        job = world.ask(client, "submit_batch", iter(["a", "bad", [{"role": "user", "content": "c"}]]), name="night-7")
        assert (job.state, job.total, job.name) == ("running", 3, "night-7")
        done = world.ask(client, "wait_for_batch", BatchJob.model_validate_json(job.model_dump_json()), every=0.01)
        actual = world.ask(client, "batch_results", done)
        streamed = read_all(world, client, "batch_items", done)
        world.close(client)
    assert [item.text for item in actual] == ["A", None, "C"]
    assert isinstance(actual[1].error, CallError)
    assert sorted(item.index for item in streamed) == [0, 1, 2]
    assert actual[0].response.cost.amount == Decimal("0.00004") * SHARE.get(provider, Decimal("0.5"))


@everywhere
def test_more_than_fits_becomes_several_batches(provider: str, world: World) -> None:
    fake = FakeBatches()
    with FakeServer(fake, forever=True) as server:
        client = limited(at(provider, server), most_requests=3)
        with pytest.raises(ConfigurationError, match="submit_batches"):
            world.ask(client, "submit_batch", ["one"] * 4)
        assert not fake.batches
        reported: list[tuple[str | None, int]] = []
        words = [f"w{number}" for number in range(8)]
        jobs = read_all(
            world,
            client,
            "submit_batches",
            iter(words),
            name="n",
            on_submit=lambda *provided: reported.append(provided),
        )
        assert [job.total for job in jobs] == [3, 3, 2]
        assert reported == [("n-0", 3), ("n-1", 3), ("n-2", 2)]
        assert fake.prompts == words
        world.close(client)


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_batches_are_split_by_their_bytes_too(provider: str, world: World) -> None:
    fake = FakeBatches()
    with FakeServer(fake, forever=True) as server:
        client = limited(at(provider, server), most_bytes=4_000)
        jobs = read_all(world, client, "submit_batches", ["x" * 1_000] * 6)
        assert sum(job.total for job in jobs) == 6
        assert all(len(body) <= 4_000 for body in fake.files.values())
        with pytest.raises(ConfigurationError, match="call 1 has"):
            world.ask(client, "submit_batch", ["x" * 5_000])
        world.close(client)
    assert 2 <= len(jobs) <= 3


@pytest.mark.parametrize("provider", ["google_ai", "mistral"])
def test_many_calls_travel_as_a_file(provider: str, world: World) -> None:
    fake = FakeBatches()
    with FakeServer(fake, forever=True) as server:
        client = limited(at(provider, server), inline_requests=2)
        job = world.ask(client, "submit_batch", ["a", "b", "c"], instructions="Shout.")
        assert len(fake.files) == 1
        done = world.ask(client, "wait_for_batch", job, every=0.01)
        assert [item.text for item in world.ask(client, "batch_results", done)] == ["A", "B", "C"]
        world.close(client)


@everywhere
def test_a_batch_whose_handle_was_lost_is_looked_up_by_its_name(provider: str, world: World) -> None:
    fake = FakeBatches(lost=1, polls=0)
    with FakeServer(fake, forever=True) as server:
        client = at(provider, server)
        if provider == "xai":
            fake.lost = 0
            world.ask(client, "submit_batch", ["a", "b"], name="lost")
        else:
            with pytest.raises(CallError):
                world.ask(client, "submit_batch", ["a", "b"], name="lost")
        world.ask(client, "submit_batch", ["other", "calls"], name="other")
        actual = world.ask(client, "find_batch", "lost", since=MADE, total=2)
        assert (actual.name, actual.total) == ("lost", 2)
        done = world.ask(client, "wait_for_batch", actual, every=0.01)
        assert [item.text for item in world.ask(client, "batch_results", done)] == ["A", "B"]
        assert world.ask(client, "find_batch", "never", since=MADE, total=2) is None
        world.close(client)
    assert len(fake.batches) == 2


class Mood(BaseModel):
    word: str


@pytest.mark.parametrize(
    ("provider", "model"), [*((name, MODELS.get(name, "m-1")) for name in PROVIDERS), ("anthropic", "claude-3-5-haiku")]
)
def test_structured_answers_come_parsed(provider: str, model: str, world: World) -> None:
    fake = FakeBatches(lambda words: json.dumps({"word": words}))
    with FakeServer(fake, forever=True) as server:
        client = at(provider, server, model)
        job = world.ask(client, "submit_batch", ["happy"], structured_output=Mood)
        done = world.ask(client, "wait_for_batch", job, every=0.01)
        same = world.ask(client, "batch_results", done)
        later = BatchJob.model_validate_json(done.model_dump_json())
        elsewhere = world.ask(client, "batch_results", later)
        reported = world.ask(client, "batch_results", later, structured_output=Mood)
        world.close(client)
    assert same[0].response.parsed == reported[0].response.parsed == Mood(word="happy")
    assert elsewhere[0].response.structured() == {"word": "happy"}


def test_invalid_batch_names_are_refused_before_sending(world: World) -> None:
    with FakeServer(FakeBatches(), forever=True) as server:
        client = at("openai", server)
        with pytest.raises(ConfigurationError, match="48 letters"):
            world.ask(client, "submit_batch", ["a"], name="no spaces")
        with pytest.raises(ConfigurationError, match="prompt 2"):
            world.ask(client, "submit_batch", ["a", {"role": "nobody"}])
        world.close(client)
        client = at("xai", server, protocol="openai_responses")
        with pytest.raises(UnsupportedError, match="supports batches with openai_chat"):
            world.ask(client, "submit_batch", ["a"])
        world.close(client)
        assert not server.exchanges


@everywhere
def test_a_batch_is_cancelled_and_its_calls_have_errors(provider: str, world: World) -> None:
    fake = FakeBatches(polls=100)
    with FakeServer(fake, forever=True) as server:
        client = at(provider, server)
        job = world.ask(client, "submit_batch", ["a", "b"])
        world.ask(client, "cancel_batch", job)
        actual = world.ask(client, "batch_results", job)
        world.close(client)
    assert ["cancelled" in str(item.error) for item in actual] == [True, True]


def prompts(count: int) -> Iterator[str]:
    for number in range(count):
        yield f"question {number} " + "x" * 3_000


def peak_of_portion(client: AIModelClient, number: int) -> int:
    """Memory at the peak while calls are written to the spool and read from it."""
    batching = client._batch_client({}, is_async=False)
    portions = batching.portions(client._prepare_submission(prompts(number), None, False)[1])
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        portion = run(portions.next_portion())
        lines = batching.codec.lines(portion.spool, portion.path, None, in_file=True)
        sent = sum(len(piece) for piece in lines)
        peak = tracemalloc.get_traced_memory()[1] - before
        portion.spool.close()
    finally:
        tracemalloc.stop()
    assert sent == lines.size > 10_000_000
    return peak


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_very_many_calls_need_no_memory(provider: str) -> None:
    with FakeServer(FakeBatches(), forever=True) as server, at(provider, server) as client:
        # The least of three, because whatever else happens in the process is counted too.
        assert min(peak_of_portion(client, 5_000) for _ in range(3)) < 12_000_000


class VeryMany:
    """Batch results larger than memory, sent once as it is, and once with an interruption in the middle."""

    def __init__(self, count: int, breaks: int = 0) -> None:
        self._count = count
        self._breaks = breaks

    def steps(self, requested: Any) -> Iterator[Any]:
        if not requested.path.endswith("/content"):
            job = {"id": "b", "status": "completed", "output_file_id": "out", "request_counts": {"total": self._count}}
            yield from Raw(json.dumps(job).encode()).steps(requested)
            return
        yield Send(b"HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for index in range(self._count):
            if self._breaks and index == self._count // 2:
                self._breaks -= 1
                yield HangUp()
            line = json.dumps(OPENAI.entry(str(index), OPENAI.answer(f"{index} " + "x" * 4_000))).encode() + b"\n"
            yield Send(b"%x\r\n%s\r\n" % (len(line), line))
        yield Send(b"0\r\n\r\n")


def test_very_many_answers_need_no_memory() -> None:
    with FakeServer(VeryMany(2_500), forever=True) as server, at("openai", server) as client:
        seen = 0
        with client.batch_items("b") as items:
            next(items)
            tracemalloc.start()
            for item in items:
                seen += item.error is None
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    assert seen == 2_499
    assert peak < 4_000_000


def test_interrupted_results_are_read_again_and_emitted_once(world: World) -> None:
    with FakeServer(VeryMany(50, breaks=1), forever=True) as server:
        client = at("openai", server)
        actual = read_all(world, client, "batch_items", "b")
        assert [item.index for item in actual] == list(range(50))
        world.close(client)
    with FakeServer(VeryMany(50, breaks=9), forever=True) as server:
        client = at("openai", server)
        with pytest.raises(BrokenStreamError):
            read_all(world, client, "batch_items", "b")
        world.close(client)


def test_the_traffic_of_xai_is_written_and_read_as_recorded(world: World, server: FakeServer) -> None:
    made, added, running, results = exchanges("batches", lambda e: e["provider"] == "xai") or pytest.skip(
        "the recorded traffic is not available"
    )
    server.add_replies(*(Raw(body_bytes(one)) for one in (made, added)))
    client = AIModelClient(endpoint(server.url, "xai", MODELS["xai"]))
    requested = [
        one["batch_request"]["responses"]["input"][0]["content"] for one in added["request_body"]["batch_requests"]
    ]
    job = world.ask(client, "submit_batch", requested, name="ruby_llm_201e8f705b86eb67")
    assert server.exchanges[0].json == made["request_body"]
    sent = server.exchanges[1].json["batch_requests"]
    assert [one["batch_request"]["chat_get_completion"]["messages"][-1]["content"] for one in sent] == requested
    over = json.loads(body_bytes(running))
    over["state"] |= {"num_pending": 0, "num_success": 2}
    server.add_replies(Raw(body_bytes(running)), Raw(json.dumps(over).encode()), Raw(body_bytes(results)))
    assert world.ask(client, "get_batch", job).state == "running"
    actual = world.ask(client, "batch_results", job)
    world.close(client)
    assert [item.text for item in actual] == ["4", "Jupiter"]
    # What xAI says that it asked for: 2,087,200 ticks for the first.
    assert actual[0].response.cost.amount == Decimal("0.00020872")
