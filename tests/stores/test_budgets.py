"""Budgets: nothing is sent that could cost more than what is left."""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from ai_utilities.cache import CacheLayer, MemoryCache
from ai_utilities.exceptions import StoreError
from ai_utilities.usage import (
    Budget,
    BudgetExceededError,
    BudgetLayer,
    BudgetStore,
    MemoryBudgets,
    RedisBudgets,
    Reservation,
    SQLiteBudgets,
    tagged,
)
from ai_utilities.usage.budgets.budget import UnknownCostError
from ai_utilities.usage.budgets.layer import batch_upper_bound
from ai_utilities.usage.estimates import MEDIA_TOKENS, estimate_tokens
from dhenara.ai import AIModelClient
from dhenara.ai.errors import BadRequestError, ConfigurationError
from dhenara.ai.io.sync_io import BlockingIO, run
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, FakeUsage, Refusal, Stall
from dhenara.ai.types import AIModelCallConfig, AIModelEndpoint, ChatModelCostData
from dhenara.ai.types.operations.batch import BatchRequest
from support.processes import another_process
from support.worlds import World, endpoint

HELLO = Answer(text="Hello!", usage=FakeUsage(100_000, 100_000))
PRICES = ChatModelCostData(input_token_cost_per_million=Decimal(1), output_token_cost_per_million=Decimal(1))
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
BRIEF = AIModelCallConfig(max_output_tokens=500_000)


def priced(url: str) -> AIModelEndpoint:
    return endpoint(url).model_copy(update={"cost_data": PRICES})


@pytest.fixture(params=["memory", "sqlite", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    makers: dict[str, Callable[[], BudgetStore]] = {
        "memory": MemoryBudgets,
        "sqlite": lambda: SQLiteBudgets(tmp_path / "budget.db"),
        "redis": lambda: RedisBudgets(request.getfixturevalue("redis_url")),
    }
    opened = makers[request.param]()
    yield opened
    opened.close()


def test_the_worst_case_must_fit_before_anything_is_sent(world: World, server: FakeServer, store: BudgetStore) -> None:
    server.add_replies(HELLO, HELLO)
    budget = Budget("0.75")
    layer = BudgetLayer(budget, store=store)
    asking = AIModelClient(priced(server.url), BRIEF, layers=[layer])
    world.run(asking, "?")
    assert layer.remaining(budget, time.time()) == Decimal("0.55")
    world.run(asking, "?")
    with pytest.raises(BudgetExceededError, match=r"has \$0.35 left of \$0.75.*nothing was sent") as refused:
        world.run(asking, "?")
    assert refused.value.spent == Decimal("0.4")
    assert len(server.exchanges) == 2
    world.close(asking)


def test_budgets_hold_by_tag_and_each_value_may_have_its_own(server: FakeServer) -> None:
    server.add_replies(HELLO, HELLO, HELLO)
    layer = BudgetLayer(Budget("0.6", per="user"), Budget(0, tags={"project": "closed"}))
    with AIModelClient(priced(server.url), BRIEF, layers=[layer]) as asking:
        with tagged(user="ada"):
            asking.generate("?")
            with pytest.raises(BudgetExceededError, match="user=ada"):
                asking.generate("?")
        with tagged(user="bob"):
            asking.generate("?")
        with tagged(user="eve", project="closed"), pytest.raises(BudgetExceededError, match="project=closed"):
            asking.generate("?")


def test_what_was_refused_costs_nothing_and_what_was_cut_costs_what_was_reserved(server: FakeServer) -> None:
    server.add_replies(Refusal(400, "no"), CutReply(DialectReply(HELLO), 3, Stall()))
    budget = Budget(1)
    layer = BudgetLayer(budget)
    with AIModelClient(priced(server.url), BRIEF, layers=[layer]) as asking:
        with pytest.raises(BadRequestError):
            asking.generate("?")
        assert layer.remaining(budget, time.time()) == 1
        asking.generate("?", streaming=True).stream_generator.close()
        assert layer.remaining(budget, time.time()) < Decimal("0.5")


def test_cached_answers_are_free(server: FakeServer) -> None:
    server.add_replies(HELLO)
    layers = [CacheLayer(MemoryCache(), policy="always"), BudgetLayer(Budget("0.6"))]
    with AIModelClient(priced(server.url), BRIEF, layers=layers) as asking:
        assert [asking.generate("?").chat_response.cached for _ in range(3)] == [False, True, True]


def test_a_call_whose_worst_case_is_unknown_is_refused_unless_allowed(server: FakeServer) -> None:
    server.add_replies(HELLO)
    with (
        AIModelClient(endpoint(server.url), BRIEF, layers=[BudgetLayer(Budget(1))]) as unpriced,
        AIModelClient(priced(server.url), layers=[BudgetLayer(Budget(1))]) as unlimited,
        AIModelClient(priced(server.url), layers=[BudgetLayer(Budget(1, unknown="allow"))]) as lenient,
    ):
        for asking, advice in ((unpriced, "set cost_data"), (unlimited, "Set max_output_tokens")):
            with pytest.raises(UnknownCostError, match=advice):
                asking.generate("?")
        lenient.generate("?")


def test_one_budget_that_refuses_unknown_costs_is_enough(server: FakeServer) -> None:
    layer = BudgetLayer(Budget(1, unknown="allow"), Budget(1))
    with AIModelClient(endpoint(server.url), BRIEF, layers=[layer]) as client, pytest.raises(UnknownCostError):
        client.generate("?")
    assert server.exchanges == []


def test_tags_of_a_call_replace_those_of_the_layer(server: FakeServer) -> None:
    server.add_replies(HELLO, HELLO)
    budget = Budget(1, per="user")
    layer = BudgetLayer(budget, tags={"user": "anybody"})
    with AIModelClient(priced(server.url), BRIEF, layers=[layer]) as client:
        with tagged(user="ada"):
            client.generate("?")
        assert layer.remaining(budget, time.time()) == 1
        assert layer.remaining(budget, time.time(), user="ada") == Decimal("0.8")
        client.generate("?")
        assert layer.remaining(budget, time.time()) == Decimal("0.8")


class SilentStore(MemoryBudgets):
    """Does not answer when the first reservation is finished."""

    def __init__(self, *, finishes: bool) -> None:
        super().__init__()
        self._finishes = finishes
        self._calls = 0

    def finish(self, reservation: Reservation, spent: int) -> None:
        self._calls += 1
        if self._calls > 1 or self._finishes:
            super().finish(reservation, spent)
        if self._calls == 1:
            raise StoreError("no answer")


@pytest.mark.parametrize("finishes", [True, False])
def test_a_reservation_is_settled_once_when_the_store_did_not_answer(server: FakeServer, finishes: bool) -> None:
    server.add_replies(HELLO, HELLO)
    budget, store = Budget(2), SilentStore(finishes=finishes)
    layer = BudgetLayer(budget, store=store)
    with AIModelClient(priced(server.url), BRIEF, layers=[layer]) as client:
        client.generate("?")
        client.generate("?")
    assert (layer.remaining(budget, time.time()), store.reservations()) == (Decimal("1.6"), [])


@given(st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 2)), min_size=1, max_size=4))
def test_the_bound_of_a_batch_is_never_below_the_estimates_of_its_calls(calls: list[tuple[int, int]]) -> None:
    contents = [[{"type": "text", "text": "x" * letters}, *[IMAGE] * images] for letters, images in calls]
    bodies = [{"messages": [{"role": "user", "content": content}]} for content in contents]
    named = MEDIA_TOKENS * sum(images for _, images in calls)
    least = named + sum(estimate_tokens(one).most for one in bodies)
    request = BatchRequest(action="create", bodies=[json.dumps(one).encode() for one in bodies])
    target: Any = SimpleNamespace(price_share="0.5")
    bound = run(batch_upper_bound(BlockingIO(), request, target, lambda call, tokens, has_files: Decimal(tokens)))
    assert bound is not None
    assert least <= bound * 2 < least + 64 * len(calls)


def spend(kind: str, where: str, url: str) -> None:
    store = SQLiteBudgets(where) if kind == "sqlite" else RedisBudgets(where)
    with AIModelClient(priced(url), BRIEF, layers=[BudgetLayer(Budget(3), store=store)]) as asking:
        for _ in range(10):
            try:
                asking.generate("?")
            except BudgetExceededError:
                time.sleep(0.01)
    store.close()


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_processes_together_never_spend_more(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    where = request.getfixturevalue("redis_url") if kind == "redis" else str(tmp_path / "budget.db")
    with FakeServer(HELLO, forever=True) as server:
        workers = [another_process(spend, kind, where, server.url) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert 5 <= len(server.exchanges) <= 15
    store = SQLiteBudgets(where) if kind == "sqlite" else RedisBudgets(where)
    assert store.spent(Budget(3).window_at({}, time.time())) == len(server.exchanges) * 200_000_000
    store.close()


def test_windows_begin_with_the_hour_day_or_month() -> None:
    for window, end in (("hour", "2026-11-21T07"), ("day", "2026-11-21"), ("month", "2026-11"), ("total", "total")):
        assert Budget(1, window).window_at({}, 1795246101.0).name.endswith(f"|{end}")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="not 'year'"):
        Budget(1, "year")  # type: ignore[arg-type]


def test_the_error_travels_between_processes() -> None:
    error = BudgetExceededError("no", budget="b", limit=Decimal(1), spent=Decimal(1), needed=Decimal(2))
    assert pickle.loads(pickle.dumps(error)).needed == 2  # noqa: S301  # our own bytes


def test_an_estimate_never_takes_text_for_less_and_media_for_their_bytes() -> None:
    text = estimate_tokens({"messages": [{"content": "häuser " * 100}]})
    assert text.most >= len("häuser ".encode()) * 100
    assert text.usual < text.most
    assert 2000 <= estimate_tokens({"image": "iVBORw0KGgo" * 1000}).most < 3000


def test_an_error_names_the_window_and_the_tag_of_its_budget(server: FakeServer) -> None:
    layer = BudgetLayer(Budget("0.01", per="user", window="total"))
    with (
        AIModelClient(priced(server.url), BRIEF, layers=[layer]) as asking,
        tagged(user="ada"),
        pytest.raises(BudgetExceededError, match=r"the budget \(user=ada total total\) has \$0.01 left of \$0.01"),
    ):
        asking.generate("?")
