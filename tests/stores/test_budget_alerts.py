"""Alerts and forecasts of budgets."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import pytest

from ai_utilities import AiClient, AiSettings
from ai_utilities.usage import (
    Budget,
    BudgetAlert,
    BudgetExceededError,
    BudgetForecast,
    BudgetLayer,
    BudgetStore,
    MemoryBudgets,
    RedisBudgets,
    SQLiteBudgets,
    tagged,
)
from ai_utilities.usage.budgets.early_warning import forecast
from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.testing import Answer, FakeServer, FakeUsage
from dhenara.ai.types import AIModelCallConfig, AIModelEndpoint, ChatModelCostData
from support.processes import PARALLEL, another_process
from support.worlds import World, endpoint

HELLO = Answer(text="Hello!", usage=FakeUsage(100_000, 100_000))  # $0.20
PRICES = ChatModelCostData(input_token_cost_per_million=Decimal(1), output_token_cost_per_million=Decimal(1))
BRIEF = AIModelCallConfig(max_output_tokens=150_000)  # reserves a little more than $0.15


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


def test_each_threshold_is_reported_once_per_window(world: World, server: FakeServer, store: BudgetStore) -> None:
    server.add_replies(HELLO, HELLO, HELLO, HELLO)
    alerts: list[BudgetAlert] = []
    budget = Budget(1, window="total", alerts=[0.5, 0.3], on_alert=alerts.append)
    client = AIModelClient(priced(server.url), BRIEF, layers=[BudgetLayer(budget, store=store)])
    crossed = []
    for _ in range(4):
        world.run(client, "?")
        crossed.append([alert.threshold for alert in alerts])
    # $0.20; then 0.20 + 0.15 reserved; then 0.40 + 0.15 reserved
    assert crossed == [[], [Decimal("0.3")], [Decimal("0.3"), Decimal("0.5")], [Decimal("0.3"), Decimal("0.5")]]
    assert (alerts[0].budget, alerts[0].limit, alerts[0].refused) == ("budget total total", 1, False)
    assert Decimal("0.35") <= alerts[0].spent < Decimal("0.36")
    world.close(client)


def test_a_threshold_that_another_process_reported_is_not_reported_again(
    server: FakeServer, store: BudgetStore
) -> None:
    server.add_replies(HELLO, HELLO)
    alerts: list[BudgetAlert] = []
    budget = Budget(1, alerts=[0.1], on_alert=alerts.append)
    for _ in range(2):  # another layer has its own memory, as another process has
        with AIModelClient(priced(server.url), BRIEF, layers=[BudgetLayer(budget, store=store)]) as client:
            client.generate("?")
    assert len(alerts) == 1


def report(kind: str, where: str, url: str, answers: Any) -> None:
    store = SQLiteBudgets(where) if kind == "sqlite" else RedisBudgets(where)
    budget = Budget(100, alerts=[0.001], on_alert=lambda alert: answers.put(str(alert.threshold)))
    with AIModelClient(priced(url), BRIEF, layers=[BudgetLayer(budget, store=store)]) as client:
        client.generate("?")
    store.close()


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_processes_that_cross_together_report_once(
    kind: str, server: FakeServer, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server.add_replies(*[HELLO] * 3)
    where = str(tmp_path / "budget.db") if kind == "sqlite" else request.getfixturevalue("redis_url")
    answers: Any = PARALLEL.Queue()
    processes = [another_process(report, kind, where, server.url, answers) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert answers.get(timeout=30) == "0.001"
    assert answers.empty()


def test_a_refused_call_reports_that_the_budget_is_used_up(server: FakeServer) -> None:
    alerts: list[BudgetAlert] = []
    budget = Budget("0.1", alerts=[0.5, 1], on_alert=alerts.append)
    with (
        AIModelClient(priced(server.url), BRIEF, layers=[BudgetLayer(budget)]) as client,
        pytest.raises(BudgetExceededError),
    ):
        client.generate("?")
    assert [(alert.threshold, alert.refused) for alert in alerts] == [(1, True)]
    assert "refused a call" in str(alerts[0])


def test_each_value_of_a_tag_has_its_own_alerts(server: FakeServer) -> None:
    server.add_replies(HELLO, HELLO, HELLO)
    alerts: list[BudgetAlert] = []
    layer = BudgetLayer(Budget(1, per="user", alerts=["0.1"], on_alert=alerts.append))
    with AIModelClient(priced(server.url), BRIEF, layers=[layer]) as client:
        for user in ("ada", "bob", "ada"):
            with tagged(user=user):
                client.generate("?")
    assert [alert.budget.split()[1] for alert in alerts] == ["user=ada", "user=bob"]


@pytest.mark.parametrize("fails", [False, True])
def test_an_async_callback_is_awaited_in_sync_and_async_code(
    world: World, server: FakeServer, fails: bool, caplog: pytest.LogCaptureFixture
) -> None:
    server.add_replies(HELLO)
    alerts: list[BudgetAlert] = []

    async def notify(alert: BudgetAlert) -> None:
        await anyio.sleep(0)
        alerts.append(alert)
        if fails:
            raise OSError("the mail server is away")

    layer = BudgetLayer(Budget(1, alerts=[0.1], on_alert=notify))
    client = AIModelClient(priced(server.url), BRIEF, layers=[layer])
    assert world.run(client, "?") is not None
    assert len(alerts) == 1
    assert ("the mail server is away" in caplog.text) is fails
    world.close(client)


def test_a_callback_that_raises_does_not_fail_the_call(server: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    server.add_replies(HELLO)

    def fail(alert: BudgetAlert) -> None:
        raise ValueError("broken callback")

    with AIModelClient(
        priced(server.url), BRIEF, layers=[BudgetLayer(Budget(1, alerts=[0.1], on_alert=fail))]
    ) as client:
        assert client.generate("?").text == "Hello!"
    assert "broken callback" in caplog.text


def test_without_a_callback_alerts_are_logged(server: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    server.add_replies(HELLO)
    with (
        caplog.at_level(logging.WARNING, "ai_utilities.usage"),
        AIModelClient(priced(server.url), BRIEF, layers=[BudgetLayer(Budget(1, alerts=[0.1]))]) as client,
    ):
        client.generate("?")
    assert "has reached 10% of $1" in caplog.text


def test_a_budget_without_alerts_asks_its_store_nothing_more(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add_replies(HELLO)
    lookups: list[Any] = []
    monkeypatch.setattr(MemoryBudgets, "spent", lambda *given: lookups.append(given))
    with AIModelClient(priced(server.url), BRIEF, layers=[BudgetLayer(Budget(1))]) as client:
        client.generate("?")
    assert not lookups


@pytest.mark.parametrize("alerts", [[0], [-1], ["much"], [80], "0.5", [True]])
def test_alerts_are_parts_of_the_limit(alerts: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"parts? of"):
        Budget(1, alerts=alerts)


def test_on_alert_is_a_function() -> None:
    with pytest.raises(ConfigurationError, match="on_alert of a budget must be a function"):
        Budget(1, alerts=[1], on_alert="mail")  # type: ignore[arg-type]


def test_the_setting_logs_alerts(server: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    server.add_replies(HELLO)
    given = AiSettings(
        model="openai/gpt-5.4-mini",
        base_url=server.url + "/v1",
        api_key="sk-test",
        budget_usd=10,
        budget_alerts="0.001, 0.5",
        max_tokens=1000,
        _env_file=None,
    )
    with AiClient(given) as client:
        client.ask("?")
    assert "has reached 0% of $10" not in caplog.text
    assert "has reached 0.1% of $10" in caplog.text


# Forecasts


def at(day: int, hour: int = 0) -> float:
    return datetime(2026, 11, day, hour, tzinfo=UTC).timestamp()


def test_a_forecast_continues_the_rate_so_far() -> None:
    known = forecast(Budget(100, "month"), Decimal(30), at(11))  # a third of November has passed
    assert known.expected is not None
    assert round(known.expected, 6) == 90
    assert (known.exceeds, known.exhausted_at, known.reason) == (False, None, None)
    assert known.ends == datetime(2026, 12, 1, tzinfo=UTC)


def test_a_forecast_says_when_the_limit_will_be_reached() -> None:
    known = forecast(Budget(2, "day"), Decimal(1), at(11, 6))
    assert known.expected is not None
    assert round(known.expected, 6) == 4
    assert known.exceeds
    assert known.exhausted_at == datetime(2026, 11, 11, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("budget", "spent", "now", "reason"),
    [
        (Budget(1, "total"), 1, at(11), "no end"),
        (Budget(1, "day"), 1, at(11, 2), "less than a tenth"),
        (Budget(1, "day"), 0, at(11, 12), "nothing is spent"),
    ],
)
def test_a_forecast_without_enough_data_is_unknown(budget: Budget, spent: int, now: float, reason: str) -> None:
    unknown = forecast(budget, Decimal(spent), now)
    assert (unknown.expected, unknown.exceeds) == (None, None)
    assert reason in str(unknown.reason)


def test_a_layer_forecasts_from_its_store(server: FakeServer, store: BudgetStore) -> None:
    server.add_replies(HELLO)
    budget = Budget(1, "total")
    layer = BudgetLayer(budget, store=store)
    with AIModelClient(priced(server.url), BRIEF, layers=[layer]) as client:
        client.generate("?")
    assert layer.forecast(budget) == BudgetForecast(Decimal(1), Decimal("0.2"), reason="the window has no end")
