"""The cache around calls: what is sent, what is not, and which warnings it gives."""

from __future__ import annotations

import asyncio
import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ai_utilities.cache import CacheBackend, CacheLayer, MemoryCache, RedisCache, SQLiteCache, caching, memory
from ai_utilities.cache.entry import VERSION, mark_as_cached, read_entry, write_entry
from ai_utilities.cache.policy import Policy
from dhenara.ai import AIModelClient
from dhenara.ai.errors import BadRequestError, CallTimeoutError, ConfigurationError, UnsupportedError
from dhenara.ai.testing import (
    Answer,
    CutReply,
    DialectReply,
    FakeServer,
    FakeToolCall,
    FakeUsage,
    Refusal,
    Stall,
    stall_before_head,
)
from dhenara.ai.types import (
    ChatModelCostData,
    ChatResponse,
    ChatResponseChoice,
    Cost,
    GenericContent,
    ImageContent,
    StructuredContent,
    TextContent,
    ToolCallContent,
    ToolResultContent,
    Usage,
)
from dhenara.ai.types.content.parts import Citation
from support.processes import PARALLEL, another_process
from support.waiting import wait_until, wait_until_async
from support.waiting_reply import WaitingReply
from support.worlds import World, endpoint

HELLO = Answer(text="Hello, you there!", usage=FakeUsage(100, 50))
RICH = Answer(text="Look:", tool_calls=(FakeToolCall("look", {"at": "it"}),), finish="tool_calls")


def client(server: FakeServer, cache: CacheBackend, policy: Policy = "always", **more: Any) -> AIModelClient:
    return AIModelClient(endpoint(server.url), layers=[CacheLayer(cache, policy=policy, **more)])


@pytest.mark.parametrize("answer", [HELLO, RICH], ids=["text", "tools"])
@pytest.mark.parametrize("first_streams", [False, True])
@pytest.mark.parametrize("second_streams", [False, True])
def test_streams_and_plain_calls_fill_and_use_the_same_entries(
    answer: Answer, first_streams: bool, second_streams: bool, world: World, server: FakeServer
) -> None:
    server.add_replies(answer)
    asking = client(server, MemoryCache())
    finals = [
        world.stream(asking, "?")[-1][1] if streams else world.run(asking, "?")
        for streams in (first_streams, second_streams)
    ]
    first, second = (final.chat_response for final in finals)
    assert len(server.exchanges) == 1
    assert (first.cached, second.cached) == (False, True)
    assert second.choices == first.choices
    assert second.usage.total_tokens == first.usage.total_tokens
    assert finals[1].attempts == []
    world.close(asking)


def test_a_cached_stream_shows_its_words(world: World, server: FakeServer) -> None:
    server.add_replies(HELLO)
    asking = client(server, MemoryCache())
    world.run(asking, "?")
    shown = [
        chunk.data.choice_deltas[0].content_deltas[0].text_delta for chunk, _ in world.stream(asking, "?") if chunk
    ]
    assert "".join(filter(None, shown)) == HELLO.text
    world.close(asking)


def test_a_cached_answer_costs_nothing_and_says_what_it_saved(world: World, server: FakeServer) -> None:
    server.add_replies(HELLO)
    prices = ChatModelCostData(input_token_cost_per_million=Decimal(1), output_token_cost_per_million=Decimal(2))
    cache = MemoryCache()
    priced = endpoint(server.url).model_copy(update={"cost_data": prices})
    asking = AIModelClient(priced, layers=[CacheLayer(cache, policy="always")])
    paid, free = (world.run(asking, "?").chat_response.cost for _ in range(2))
    assert paid.amount == Decimal("0.0002")
    assert (free.amount, free.saved, free.source) == (0, paid.amount, "cache")
    stats = cache.stats()
    assert (stats.hits, stats.misses, stats.saved_tokens, stats.saved_cost) == (1, 1, 150, paid.amount)
    world.close(asking)


@pytest.mark.parametrize(
    "other",
    [{"temperature": 0.5}, {"max_output_tokens": 9}, {"options": {"anything": 1}}, {"instructions": "be brief"}],
    ids=lambda other: next(iter(other)),
)
def test_whatever_is_sent_otherwise_is_another_entry(other: dict[str, Any], server: FakeServer) -> None:
    server.add_replies(HELLO, HELLO)
    with client(server, MemoryCache()) as asking:
        asking.generate("?")
        assert not asking.generate("?", **other).chat_response.cached
        assert asking.generate("?", **other).chat_response.cached


def test_another_model_address_or_namespace_is_another_entry(server: FakeServer) -> None:
    server.add_replies(HELLO, HELLO, HELLO)
    cache = MemoryCache()
    with FakeServer(HELLO) as elsewhere:
        for to, space in ((endpoint(server.url), "a"), (endpoint(server.url, model="fake-2"), "a"),
                          (endpoint(server.url), "b"), (endpoint(elsewhere.url), "a")):  # fmt: skip
            layer = CacheLayer(cache, policy="always", namespace=space)
            with AIModelClient(to, layers=[layer]) as asking:
                assert not asking.generate("?").chat_response.cached
    assert cache.size()[0] == 4


def test_what_only_says_who_asks_is_the_same_entry(server: FakeServer) -> None:
    server.add_replies(HELLO)
    with client(server, MemoryCache()) as asking:
        asking.generate("?", headers={"x-request-id": "1", "authorization": "Bearer other"})
        assert asking.generate("?", timeout=100, retries=0).chat_response.cached


def test_deterministic_calls_are_those_with_temperature_0_or_a_seed(server: FakeServer) -> None:
    server.add_replies(*[HELLO] * 6)
    with client(server, MemoryCache(), "deterministic") as asking:
        asking.generate("?")
        assert not asking.generate("?").chat_response.cached
        asking.generate("?", temperature=0)
        assert asking.generate("?", temperature=0).chat_response.cached
        asking.generate("?", seed=7)
        assert asking.generate("?", seed=7).chat_response.cached


def test_a_stretch_of_the_program_may_want_it_otherwise(world: World, server: FakeServer) -> None:
    server.add_replies(*[Answer(text=str(number)) for number in range(4)])
    asking = client(server, MemoryCache())
    provided = [world.run(asking, "?").chat_response.text()]
    with caching("never"):
        provided.append(world.run(asking, "?").chat_response.text())
    with caching(namespace="mine"):
        provided.append(world.run(asking, "?").chat_response.text())
    with caching("refresh"):
        provided.append(world.run(asking, "?").chat_response.text())
    provided.append(world.run(asking, "?").chat_response.text())
    assert provided == ["0", "1", "2", "3", "3"]
    world.close(asking)


def test_a_wish_that_makes_no_sense_is_named() -> None:
    with pytest.raises(ConfigurationError, match="unknown cache policy 'sometimes'"):
        CacheLayer(MemoryCache(), policy="sometimes")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="without a colon"), caching(namespace="a:b"):
        pass


def test_each_call_gets_warnings_about_its_own_settings(world: World, server: FakeServer) -> None:
    """What the provider does not take is not sent, so these calls are one entry; but only one of them is warned."""
    server.add_replies(HELLO)
    asking = AIModelClient(endpoint(server.url), layers=[CacheLayer(MemoryCache(), policy="always")])
    warned = [
        [warning.parameter for warning in world.run(asking, "?", **more).chat_response.warnings]
        for more in ({"top_k": 5}, {}, {"top_k": 7}, {})
    ]
    assert warned == [["top_k"], [], ["top_k"], []]
    assert len(server.exchanges) == 1
    world.close(asking)


def test_interrupted_and_failed_calls_are_not_cached(world: World, server: FakeServer) -> None:
    server.add_replies(CutReply(DialectReply(HELLO), 4), Refusal(400, "no"), HELLO)
    asking = client(server, MemoryCache())
    world.stream(asking, "?")
    with pytest.raises(BadRequestError):
        world.run(asking, "?")
    assert not world.run(asking, "?").chat_response.cached
    world.close(asking)


def test_an_abandoned_stream_is_not_cached_and_blocks_no_one(server: FakeServer) -> None:
    server.add_replies(CutReply(DialectReply(HELLO), 4, Stall()), HELLO)
    with client(server, MemoryCache()) as asking:
        for _ in asking.generate("?", streaming=True).stream_generator:
            break
        assert not asking.generate("?", timeout=50).chat_response.cached


def test_strict_calls_fail_as_they_would_without_a_cache(server: FakeServer) -> None:
    server.add_replies(HELLO)
    with client(server, MemoryCache()) as asking:
        asking.generate("?", top_k=3)
        with pytest.raises(UnsupportedError):
            asking.generate("?", top_k=3, strict=True)


def test_equal_calls_of_many_threads_are_sent_once(server: FakeServer) -> None:
    server.add_replies(DialectReply(HELLO, pause=0.02))
    asking, answers = client(server, MemoryCache()), []
    threads = [threading.Thread(target=lambda: answers.append(asking.generate("?"))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.exchanges) == 1
    assert sorted(answer.chat_response.cached for answer in answers) == [False] + [True] * 11
    asking.close()


def test_a_claim_of_somebody_who_died_holds_nobody_up_who_does_not_wait(server: FakeServer, tmp_path: Path) -> None:
    class Claimed(SQLiteCache):
        def claim(self, key: str, holder: str, seconds: float) -> bool:
            super().claim(key, "the dead", 600)
            return super().claim(key, holder, seconds)

    server.add_replies(HELLO)
    with client(server, Claimed(tmp_path / "cache.db")) as asking, caching(lease=0):
        began = time.monotonic()
        asking.generate("?")
        assert asking.generate("?").chat_response.cached
    assert time.monotonic() - began < 100


def test_equal_calls_of_several_loops_and_threads_are_sent_once(server: FakeServer) -> None:
    server.add_replies(DialectReply(HELLO, pause=0.05))
    asking, answers = client(server, MemoryCache()), []

    async def several() -> None:
        answers.extend(await asyncio.gather(*(asking.generate_async("?", streaming=False) for _ in range(5))))
        await asking.aclose()

    threads = [threading.Thread(target=lambda: asyncio.run(several())) for _ in range(3)]
    threads.append(threading.Thread(target=lambda: answers.append(asking.generate("?"))))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.exchanges) == 1
    assert len({answer.chat_response.text() for answer in answers}) == 1
    assert len(answers) == 16


def test_when_the_one_that_was_sent_is_cancelled_the_next_one_is_sent(server: FakeServer) -> None:
    server.add_replies(stall_before_head(), HELLO)

    async def main() -> bool:
        layer = CacheLayer(MemoryCache(), policy="always")
        asking = AIModelClient(endpoint(server.url), layers=[layer])
        first = asyncio.create_task(asking.generate_async("?", streaming=False))
        await wait_until_async(lambda: server.exchanges)
        (in_flight,) = layer.in_flight_calls._calls.values()
        second = asyncio.create_task(asking.generate_async("?"))
        await wait_until_async(lambda: in_flight.waiting)
        first.cancel()
        answer = await second
        await asking.aclose()
        return answer.chat_response.cached

    assert asyncio.run(main()) is False
    assert len(server.exchanges) == 2


def test_waiting_for_an_equal_call_ends_with_the_own_timeout(server: FakeServer) -> None:
    waited = threading.Event()
    server.add_replies(WaitingReply(DialectReply(HELLO), 2, lambda: waited.wait(100)))
    asking = client(server, MemoryCache())
    patient = threading.Thread(target=lambda: list(asking.generate("?", streaming=True).stream_generator))
    patient.start()
    wait_until(lambda: server.exchanges)
    with pytest.raises(CallTimeoutError, match="already running"):
        asking.generate("?", timeout=0.1)
    waited.set()
    patient.join()
    asking.close()


class Broken(MemoryCache):
    def get_text(self, key: str) -> str | None:
        raise RuntimeError("disk on fire")

    def set_text(self, key: str, text: str, ttl: float | None = None) -> None:
        raise RuntimeError("disk on fire")


def test_a_cache_that_fails_never_fails_a_call(
    world: World, server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.add_replies(HELLO, HELLO)
    cache = Broken()
    asking = client(server, cache)
    for _ in range(2):
        assert world.run(asking, "?").chat_response.text() == HELLO.text
    assert caplog.text.count("disk on fire") == 1
    assert cache.stats().failures >= 1
    world.close(asking)


def test_a_redis_that_dies_and_returns_is_used_again(
    running_redis: Any, redis_url: str, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with FakeServer(HELLO, forever=True) as server:
        layer = CacheLayer(RedisCache(redis_url), policy="always")
        layer.failsafe._skip_seconds = 0.0
        asking = AIModelClient(endpoint(server.url), layers=[layer])
        assert not world.run(asking, "?").chat_response.cached
        assert world.run(asking, "?").chat_response.cached
        running_redis.stop()
        try:
            assert not world.run(asking, "?").chat_response.cached
        finally:
            running_redis.start()
        assert not world.run(asking, "?").chat_response.cached
        assert world.run(asking, "?").chat_response.cached
        world.close(asking)
    assert "calls go on without it" in caplog.text
    assert "works again" in caplog.text


def ask_in_a_process(kind: str, where: str, url: str, ready: Any, sent: Any) -> None:
    memory.TIMEOUT = 60.0  # a cache that is slow because of the others is waited for
    cache: CacheBackend = SQLiteCache(where) if kind == "sqlite" else RedisCache(where)
    with AIModelClient(endpoint(url), layers=[CacheLayer(cache, policy="always")]) as asking:
        ready.wait()
        answer = asking.generate("?").chat_response
        assert answer.text() == HELLO.text
        with sent.get_lock():
            sent.value += not answer.cached
    cache.close()


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_equal_calls_of_several_processes_are_sent_once(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, server: FakeServer
) -> None:
    where = request.getfixturevalue("redis_url") if kind == "redis" else str(tmp_path / "cache.db")
    server.add_replies(*[HELLO] * 4)
    ready, sent = PARALLEL.Barrier(4), PARALLEL.Value("i", 0)
    workers = [another_process(ask_in_a_process, kind, where, server.url, ready, sent) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert sent.value == len(server.exchanges) == 1


def test_entries_of_another_format_are_not_read(server: FakeServer) -> None:
    server.add_replies(HELLO, HELLO)
    cache = MemoryCache()
    with client(server, cache) as asking:
        asking.generate("?")
        key = next(iter(cache._entries))
        cache.set_text(key, '{"format":999,"answer":{}}')
        assert not asking.generate("?").chat_response.cached
        cache.set_text(key, "[1]")
        server.add_replies(HELLO)
        assert not asking.generate("?").chat_response.cached


PARTS: list[Any] = [
    TextContent(text="Hello", citations=[Citation(url="https://example.org", extras={"none": None, "empty": {}})]),
    TextContent(),
    ToolCallContent(id="c", name="look", arguments={"at": None, "deep": 0, "list": []}),
    ToolResultContent(call_id="c", contents=[TextContent(text="seen"), ImageContent(data=b"\x89PNG", detail="low")]),
    ImageContent(data=b"\xff\xfe"),
    StructuredContent(text="{}", data={}),
    GenericContent(kind="k", data={"type": None}),
]
WHOLE = ChatResponse(
    id="r",
    model="m",
    choices=[ChatResponseChoice(contents=PARTS, finish_reason="stop", logprobs=[{"token": "a", "logprob": 0.0}])],
    usage=Usage(input_tokens=3, raw={"prompt_tokens": 3, "cached": 0, "details": None}),
    extras={"zero": 0, "none": None},
)


@pytest.mark.parametrize(
    "answer",
    [WHOLE, WHOLE.model_copy(update={"usage": Usage.unknown()}), ChatResponse(choices=[ChatResponseChoice(index=1)])],
    ids=["parts of all kinds", "unknown usage", "empty"],
)
def test_an_entry_has_no_defaults_and_is_read_as_the_answer_that_was_stored(answer: ChatResponse) -> None:
    answer = answer.model_copy().with_cost(Cost(amount=Decimal("0.1"), source="catalog"))
    text, stored = write_entry(answer) or "", mark_as_cached(answer)
    assert read_entry(text) == stored
    assert "finish_message" not in text
    assert "cache_write_tokens" not in text
    # As versions before wrote it.
    assert read_entry(f'{{"format":{VERSION},"answer":{stored.model_dump_json()}}}') == stored


def test_a_failure_of_the_one_that_was_sent_is_not_everybodys(server: FakeServer) -> None:
    server.add_replies(Refusal(400, "no"), HELLO, HELLO)
    asking, got = client(server, MemoryCache()), []

    def ask() -> None:
        try:
            got.append(asking.generate("?").chat_response.text())
        except BadRequestError:
            got.append("refused")

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got.count("refused") == 1
    asking.close()


class Slow(MemoryCache):
    blocking = True

    def __init__(self) -> None:
        super().__init__()
        self.loop_ran = threading.Event()

    def get_text(self, key: str) -> str | None:
        assert self.loop_ran.wait(100)
        return super().get_text(key)


def test_a_slow_cache_does_not_hold_up_the_event_loop(server: FakeServer) -> None:
    server.add_replies(HELLO)

    async def main() -> int:
        cache, beats = Slow(), 0
        asking = client(server, cache)
        call = asyncio.create_task(asking.generate_async("?"))
        while not call.done():
            await asyncio.sleep(0.01)
            beats += 1
            if beats == 5:
                cache.loop_ran.set()
        await asking.aclose()
        return beats

    assert asyncio.run(main()) >= 5
