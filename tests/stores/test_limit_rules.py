"""What the limit layer asks of its store for each call, and what it tells it afterwards."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from ai_utilities.limits import Limit, LimitLayer, LimitReachedError, MemoryLimits
from ai_utilities.limits.layer import SHORT_PAUSE, USUAL_ANSWER
from ai_utilities.limits.limit import LEASE, TO_SPARE
from ai_utilities.limits.stores import WaitQueue
from ai_utilities.storage.store_io import StoreError, StoreVersionError
from dhenara.ai import AIModelClient, Send, Stream
from dhenara.ai.errors import CallError, QuotaError, RateLimitError
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, FakeUsage, Refusal
from dhenara.ai.types import Call, Timeouts
from support.worlds import endpoint

HELLO = Answer(text="Hello!", usage=FakeUsage(10, 10))
TOKENS = Limit(tokens_per_minute=100_000)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class NotedLimits(MemoryLimits):
    """A store that notes its steps, and fails where a test wants it to."""

    def __init__(self) -> None:
        self.clock = Clock()
        super().__init__(self.clock)
        self.steps: list[tuple[str, str, Any]] = []
        self.failure: Exception | None = None

    def step(self, account: str, step: str, ask: Any) -> Any:
        if self.failure is not None:
            raise self.failure
        self.steps.append((account, step, ask))
        return super().step(account, step, ask)

    def all(self, step: str) -> list[Any]:
        return [ask for _, name, ask in self.steps if name == step]


@pytest.fixture
def store() -> NotedLimits:
    return NotedLimits()


def ask(server: FakeServer, layer: LimitLayer, *, purpose: str = "answer", to: Any = None, **options: Any) -> None:
    async def with_purpose(call: Call, send: Send) -> Stream:
        return await send(replace(call, purpose=purpose))

    to = to or endpoint(server.url)
    with AIModelClient(to, layers=[with_purpose], attempt_layers=[layer]) as client:
        client.generate("?", **{"retries": 0, **options})


def corrections(store: NotedLimits) -> list[tuple[float, float]]:
    """What each call was taken for, and what it was corrected by in the end."""
    taken = {one["ticket"]: one["wants"][0]["amount"] for one in store.all("take")}
    return [(taken[one["ticket"]], sum(want["amount"] for want in one["wants"])) for one in store.all("settle")]


@pytest.mark.parametrize(
    ("usage", "counted"),
    [(FakeUsage(10, 10), 20), (FakeUsage(10, 10, cache_read=500), 20), (FakeUsage(10, 10, cache_write=5), 25)],
)
def test_a_call_counts_its_tokens_but_those_read_from_the_cache_of_the_provider(
    usage: FakeUsage, counted: int, server: FakeServer, store: NotedLimits
) -> None:
    server.add_replies(Answer(text="Hello!", usage=usage))
    ask(server, LimitLayer(TOKENS, store=store), to=endpoint(server.url, "anthropic"))
    ((taken, corrected),) = corrections(store)
    assert taken > USUAL_ANSWER
    assert taken + corrected == counted


def test_tokens_read_from_the_cache_count_for_the_limits_of_openai(server: FakeServer, store: NotedLimits) -> None:
    server.add_replies(Answer(text="Hello!", usage=FakeUsage(10, 10, cache_read=500)))
    ask(server, LimitLayer(TOKENS, store=store), to=endpoint(server.url, "openai"))
    ((taken, corrected),) = corrections(store)
    assert taken + corrected == 520


def test_the_level_of_the_provider_is_corrected_by_the_same_amount(server: FakeServer, store: NotedLimits) -> None:
    server.add_replies(HELLO)
    ask(server, LimitLayer(TOKENS, store=store))
    (settled,) = store.all("settle")
    assert [want["amount"] for want in settled["live"]] == [want["amount"] for want in settled["wants"]]
    assert {want["kind"] for want in (*settled["live"], *settled["wants"])} == {"tokens"}


@pytest.mark.parametrize(("reply", "counted"), [(Refusal(400, "no"), 0), (CutReply(HELLO, 0), None)])
def test_a_refused_request_counts_no_tokens_and_one_without_an_answer_all_of_its_estimate(
    reply: Any, counted: int | None, server: FakeServer, store: NotedLimits
) -> None:
    server.add_replies(reply)
    with pytest.raises(CallError):
        ask(server, LimitLayer(TOKENS, store=store))
    ((taken, corrected),) = corrections(store)
    assert taken + corrected == (taken if counted is None else counted)


def test_each_choice_counts_as_an_answer_of_its_own(server: FakeServer, store: NotedLimits) -> None:
    server.add_replies(HELLO, HELLO, HELLO)
    for options in ({"max_output_tokens": 100}, {"max_output_tokens": 100, "n": 3}, {}):
        ask(server, LimitLayer(TOKENS, store=store), **options)
    one, three, usual = (taken for taken, _ in corrections(store))
    assert three - one == 200
    assert usual - one == pytest.approx(USUAL_ANSWER - 100, abs=10)  # the request has one field less


def test_an_estimate_above_the_limit_asks_for_all_of_it(server: FakeServer, store: NotedLimits) -> None:
    server.add_replies(HELLO)
    ask(server, LimitLayer(Limit(tokens_per_minute=50), store=store))
    assert [want["amount"] for want in store.all("take")[0]["wants"]] == [50]


def test_a_rate_limit_pauses_the_account_and_no_credit_does_not(server: FakeServer, store: NotedLimits) -> None:
    no_credit = Refusal(429, '{"error": {"code": "insufficient_quota", "message": "You exceeded your current quota"}}')
    for reply, kind in ((Refusal(429, "slow", headers={"retry-after": "7"}), RateLimitError), (no_credit, QuotaError)):
        server.add_replies(reply)
        with pytest.raises(kind):
            ask(server, LimitLayer(store=store))
        store.clock.now += 100
    server.add_replies(Refusal(429, "slow"))
    with pytest.raises(RateLimitError):
        ask(server, LimitLayer(store=store))
    assert [one["seconds"] for one in store.all("pause")] == [7.0, SHORT_PAUSE]


def test_a_call_that_may_not_wait_leaves_the_queue_and_gives_its_place_back(
    server: FakeServer, store: NotedLimits
) -> None:
    server.add_replies(HELLO)
    layer = LimitLayer(Limit(requests_per_minute=1), store=store, wait=False)
    ask(server, layer)
    with pytest.raises(LimitReachedError):
        ask(server, layer)
    refused = store.all("take")[1]["ticket"]
    names = [name for _, name, one in store.steps if one.get("ticket") == refused]
    assert names[-2:] == ["leave", "settle"]


@pytest.mark.parametrize("purpose", ["hedge", "shadow"])
def test_a_second_request_and_shadow_traffic_do_not_wait(purpose: str, server: FakeServer, store: NotedLimits) -> None:
    server.add_replies(HELLO)
    layer = LimitLayer(Limit(requests_per_minute=1), store=store)
    ask(server, layer)
    with pytest.raises(LimitReachedError):
        ask(server, layer, purpose=purpose)


def test_a_call_counts_as_running_until_shortly_after_its_deadline(server: FakeServer, store: NotedLimits) -> None:
    server.add_replies(HELLO, HELLO, HELLO)
    for timeout in (60.0, None, 10 * LEASE):
        ask(server, LimitLayer(store=store), timeout=timeout)
    short, usual, long = (one["lease"] for one in store.all("take"))
    assert 0 < short <= 60.0 + TO_SPARE
    assert short > TO_SPARE
    assert (usual, long) == (LEASE, LEASE)


def test_an_account_is_an_address_and_a_key(server: FakeServer, store: NotedLimits) -> None:
    here = endpoint(server.url)
    other_key = here.model_copy(update={"api": here.api.model_copy(update={"api_key": SecretStr("sk-other")})})
    with FakeServer(forever=True) as other:
        server.add_replies(HELLO, HELLO, HELLO)
        other.add_replies(HELLO)
        for to in (here, endpoint(server.url, model="fake-2"), endpoint(other.url), other_key):
            ask(server, LimitLayer(store=store), to=to)
    first, second, third, fourth = (account for account, name, _ in store.steps if name == "take")
    assert first == second
    assert len({first, third, fourth}) == 3


def limits_left(left: int) -> dict[str, str]:
    return {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": str(left),
        "x-ratelimit-reset-requests": "30s",
    }


@pytest.mark.parametrize(("left", "times"), [(0, 2), (1, 1), (5, 1)])
def test_a_limit_that_is_used_up_is_passed_on_before_the_answer_ends(
    left: int, times: int, server: FakeServer, store: NotedLimits
) -> None:
    server.add_replies(DialectReply(HELLO, headers=limits_left(left)))
    ask(server, LimitLayer(store=store))
    seen = [one["seen"] for one in store.all("observe")]
    assert [[limit["remaining"] for limit in one] for one in seen] == [[left]] * times


def test_headers_of_the_provider_can_be_left_out(server: FakeServer, store: NotedLimits) -> None:
    server.add_replies(DialectReply(HELLO, headers=limits_left(0)))
    ask(server, LimitLayer(store=store, headers=False))
    assert (store.all("observe"), store.all("take")[0]["live"]) == ([], [])


def test_two_calls_share_no_part_of_what_they_ask_for(server: FakeServer, store: NotedLimits) -> None:
    server.add_replies(HELLO, HELLO)
    layer = LimitLayer(Limit(requests_per_minute=9, tokens_per_minute=10**6, concurrency=2), store=store)
    for _ in range(2):
        ask(server, layer)
    first, second = store.all("take")
    parts = [[*one["wants"], *one["live"], *one["lanes"]] for one in (first, second)]
    assert parts[0] == parts[1]
    assert not {id(part) for part in parts[0]} & {id(part) for part in parts[1]}


def test_a_store_that_works_again_is_used_again(
    server: FakeServer, store: NotedLimits, caplog: pytest.LogCaptureFixture
) -> None:
    server.add_replies(*[HELLO] * 4)
    layer = LimitLayer(store=store)
    with caplog.at_level(logging.WARNING):
        for failure in (StoreError("it is down"), StoreError("it is down"), None, None):
            store.failure = failure
            ask(server, layer)
    assert [message.partition(":")[0] for message in caplog.messages] == [
        "the limit store fails; this process applies the limits alone",
        "the limit store works again",
    ]
    assert (layer.down, len(store.all("take"))) == (False, 2)


@pytest.mark.parametrize("make", [lambda: StoreVersionError("a newer version wrote it")])
def test_a_store_that_is_set_up_wrongly_is_an_error(
    make: Callable[[], Exception], server: FakeServer, store: NotedLimits
) -> None:
    store.failure = make()
    with pytest.raises(type(store.failure)):
        ask(server, LimitLayer(store=store))
    assert server.exchanges == []


class BusyAtFirst(MemoryLimits):
    """A store that has no place at the first two looks; it notes its steps."""

    def __init__(self, wait: float, noted: list[str]) -> None:
        super().__init__()
        self.wait = wait
        self.noted = noted

    def step(self, account: str, step: str, ask: Any) -> Any:
        self.noted.append(step)
        if self.noted.count("take") <= 2 and step == "take":
            return {"wait": self.wait, "why": "paused", "look": 0.001, "at": 0.0}
        return super().step(account, step, ask)


def test_a_call_that_is_granted_and_one_that_ends_wake_those_that_wait(server: FakeServer) -> None:
    noted: list[str] = []

    class NotedQueue(WaitQueue):
        def notify(self, account: str) -> None:
            noted.append("notify")
            super().notify(account)

    server.add_replies(HELLO)
    store = BusyAtFirst(0.001, noted)
    store.waiters = NotedQueue()
    ask(server, LimitLayer(TOKENS, store=store))
    assert noted == ["take", "take", "take", "notify", "settle", "notify"]


@pytest.mark.parametrize(("wait", "sent"), [(5.0, 1), (3600.0, 0)])
def test_a_call_waits_no_longer_than_its_own_time(wait: float, sent: int, server: FakeServer) -> None:
    server.add_replies(*[HELLO] * sent)
    layer = LimitLayer(TOKENS, store=BusyAtFirst(wait, []))
    if sent:
        ask(server, layer, timeout=Timeouts(total=600))
    else:
        with pytest.raises(LimitReachedError):
            ask(server, layer, timeout=Timeouts(total=600))
    assert len(server.exchanges) == sent
