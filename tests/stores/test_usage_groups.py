"""Usage by key, team, unit, month and time zone, several at once: every grouping adds up to the total, exactly."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from ai_utilities import AiClient, AiSettings, AsyncAiClient
from ai_utilities.usage import (
    Ledger,
    MemoryLedger,
    RedisLedger,
    SQLiteLedger,
    Totals,
    UsageData,
    UsageLayer,
    make_report,
)
from ai_utilities.usage.sqlite import SUMMED_TOGETHER
from ai_utilities.usage.sqlite_tables import TRIGGERS
from ai_utilities.usage.totals import GROUPS
from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.integration import key_fingerprint
from dhenara.ai.testing import Answer, FakeServer
from support.thorough import examples
from support.worlds import endpoint

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
KEY = "sk-test-0123456789abcdefghijklmnop"
ZONES = ["UTC", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe", "Europe/Berlin"]


@pytest.fixture(params=["memory", "sqlite", "redis"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    made: Ledger
    if request.param == "memory":
        made = MemoryLedger()
    elif request.param == "sqlite":
        made = SQLiteLedger(tmp_path / "usage.db")
    else:
        made = RedisLedger(request.getfixturevalue("redis_url"))
    yield made
    made.close()


def used(minutes: int = 0, **fields: Any) -> UsageData:
    return UsageData(**{"started_at": NOON + timedelta(minutes=minutes), "cost": Decimal("0.1"), **fields})


def costs(sums: dict[Any, Totals]) -> dict[Any, Decimal]:
    return {group: total.cost for group, total in sums.items()}


def test_usage_is_grouped_by_key_team_operation_and_unit(ledger: Ledger) -> None:
    ledger.add([
        used(prompt_tokens=5, key="production", tags={"team": "search"}),
        used(units={"images": 2}, operation="image", key="key-1234abcd"),
        used(prompt_tokens=3, units={"web_searches": 1}, tags={"team": "search"}),
    ])  # fmt: skip
    assert {key: total.requests for key, total in ledger.totals("key").items()} == {
        "": 1,
        "key-1234abcd": 1,
        "production": 1,
    }
    assert {team: total.requests for team, total in ledger.totals("team").items()} == {"": 1, "search": 2}
    assert set(ledger.totals("operation")) == {"chat", "image"}
    assert costs(ledger.totals("unit")) == {
        "images": Decimal("0.1"),
        "tokens": Decimal("0.1"),
        "tokens+web_searches": Decimal("0.1"),
    }
    assert ledger.total().units == {"images": 2, "web_searches": 1}


def test_several_groupings_are_one_key_in_their_order(ledger: Ledger) -> None:
    ledger.add([used(model="m", tags={"team": "a"}), used(model="n", tags={"team": "a"}), used(model="m")])
    assert list(ledger.totals_by("team", "model")) == [("", "m"), ("a", "m"), ("a", "n")]
    assert list(ledger.totals_by("month", "model", tags={"team": "a"})) == [("2026-11", "m"), ("2026-11", "n")]
    assert ledger.totals_by() == {(): ledger.total()}


def test_days_and_months_are_those_of_the_time_zone(ledger: Ledger) -> None:
    # 18:20 UTC is 23:50 of 30 November in India, and 18:40 UTC is 00:10 of 1 December.
    ledger.add([used(380, model="before"), used(400, model="after"), used(cost=None, started_at=None)])
    assert list(ledger.totals_by("day", "model", time_zone="Asia/Kolkata")) == [
        ("", ""),
        ("2026-11-30", "before"),
        ("2026-12-01", "after"),
    ]
    assert set(ledger.totals("month", time_zone="Asia/Kolkata")) == {"", "2026-11", "2026-12"}
    assert set(ledger.totals("month")) == {"", "2026-11"}


def test_an_unknown_time_zone_is_an_error(ledger: Ledger) -> None:
    with pytest.raises(ConfigurationError, match="Mars/Base' is not a time zone"):
        ledger.totals("day", time_zone="Mars/Base")


def test_an_unknown_cost_is_counted_and_never_zero(ledger: Ledger) -> None:
    ledger.add([used(key="a", cost=None), used(key="a"), used(key="b", cost=Decimal(0))])
    sums = ledger.totals("key")
    assert (sums["a"].cost, sums["a"].unknown_costs, sums["a"].is_exact) == (Decimal("0.1"), 1, False)
    assert (sums["b"].cost, sums["b"].unknown_costs, sums["b"].is_exact) == (Decimal(0), 0, True)


def test_kinds_of_tokens_are_summed_without_answers_from_a_cache(ledger: Ledger) -> None:
    counts = {"input_tokens": 7, "cache_read_tokens": 5, "output_tokens": 4, "reasoning_tokens": 1}
    ledger.add([used(**counts), used(**counts), used(**counts, cached=True, outcome="cached")])
    total = ledger.total()
    assert {kind: total.tokens(kind) for kind in counts} == {kind: 2 * count for kind, count in counts.items()}
    assert total.tokens("input_audio_tokens") == 0


MINUTES = st.integers(-3000, 3000) | st.sampled_from([380, 400, 740, 760])  # around midnight in India and Europe
ROWS = st.builds(
    UsageData,
    provider=st.sampled_from([None, "openai"]),
    model=st.sampled_from(["m", "n"]),
    operation=st.sampled_from(["chat", "image"]),
    key=st.sampled_from([None, "key-1234abcd", "b"]),
    outcome=st.sampled_from(["answered", "failed", "interrupted"]),
    started_at=st.none() | MINUTES.map(lambda minutes: NOON + timedelta(minutes=minutes)),
    input_tokens=st.integers(0, 10**6),
    cache_read_tokens=st.integers(0, 3),
    output_tokens=st.integers(0, 9),
    units=st.dictionaries(st.sampled_from(["images", "seconds"]), st.sampled_from([0.0, 1.0, 0.1, 12.34])),
    cost=st.none() | st.decimals(0, 1000, allow_nan=False, places=7),
    cached=st.booleans(),
    tags=st.dictionaries(st.sampled_from(["team", "user"]), st.sampled_from(["a", "b"])),
)
GROUPINGS = st.lists(st.sampled_from([*GROUPS, "tag:user"]), max_size=3, unique=True)
MOMENTS = st.none() | st.integers(-3000, 3000).map(lambda minutes: NOON + timedelta(minutes=minutes))


@settings(
    max_examples=examples(40),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@example(rows=[used(380), used(400)], by=["day"], since=None, until=None, zone="Asia/Kolkata")
@given(rows=st.lists(ROWS, max_size=8), by=GROUPINGS, since=MOMENTS, until=MOMENTS, zone=st.sampled_from(ZONES))
def test_groups_add_up_to_the_total_and_every_ledger_has_the_same(
    rows: list[UsageData],
    by: list[str],
    since: Any,
    until: Any,
    zone: str,
    redis_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    import redis

    with redis.Redis.from_url(redis_url) as server:
        server.flushall()
    known = MemoryLedger()
    known.add(rows)
    expected = known.totals_by(*by, since=since, until=until, time_zone=zone)
    assert sum(expected.values(), Totals()) == known.total(since, until)
    for stored in (SQLiteLedger(tmp_path_factory.mktemp("groups") / "usage.db"), RedisLedger(redis_url)):
        stored.add(rows)
        assert stored.totals_by(*by, since=since, until=until, time_zone=zone) == expected
        stored.close()


def test_a_file_without_keys_and_units_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "usage.db"
    ledger = SQLiteLedger(path)
    rows = [used(key="a", units={"images": 1.5}, tags={"t": "x"}), used(1, prompt_tokens=3), used(90, cost=None)]
    ledger.add(rows)
    expected = ledger.totals_by("key", "unit", "operation", "day")
    ledger.close()
    with sqlite3.connect(path) as file:
        file.executescript(f"""DROP TABLE usage_sums; CREATE TABLE usage_sums (scope INTEGER, hour INTEGER);
            DROP TABLE usage_unsummed; CREATE TABLE usage_writing (id INTEGER PRIMARY KEY);
            {TRIGGERS} UPDATE store_meta SET value = '4' WHERE name = 'version:usage'""")
    migrated = SQLiteLedger(path)
    assert migrated.totals_by("key", "unit", "operation", "day") == expected
    assert migrated.totals("tag:t")["x"].units == {"images": 1.5}
    migrated.close()


def test_rows_that_another_program_adds_are_summed_with_their_key_and_units(tmp_path: Path) -> None:
    path = tmp_path / "usage.db"
    ledger = SQLiteLedger(path)
    ledger.add([used(key="a", units={"images": 1})])
    with sqlite3.connect(path) as file:
        file.execute("INSERT INTO usage SELECT NULL, at, day, provider, model, outcome, cached, prompt_tokens, "
                     "completion_tokens, cost, saved_cost, tags, row FROM usage")  # fmt: skip
    assert ledger.totals("key")["a"].units == {"images": 2}
    ledger.close()


def waiting_rows(path: Path) -> int:
    with sqlite3.connect(path) as file:
        (count,) = file.execute("SELECT count(*) FROM usage_unsummed").fetchone()
    file.close()
    return int(count)


def test_rows_are_in_totals_whether_or_not_they_are_summed(tmp_path: Path) -> None:
    path = tmp_path / "usage.db"
    ledger, reader = SQLiteLedger(path), SQLiteLedger(path)
    most_waiting = 0
    for number in range(150):
        ledger.add([used(number % 90, key="a", cost="0.1", units={"images": 0.5})])
        most_waiting = max(most_waiting, waiting_rows(path))
    assert 1 < most_waiting < SUMMED_TOGETHER
    assert 0 < waiting_rows(path) < SUMMED_TOGETHER
    total = reader.total()
    assert (total.requests, total.cost, total.units) == (150, Decimal("15.0"), {"images": 75})
    assert waiting_rows(path) == 0
    ledger.add([used(cost="0.1")] * (SUMMED_TOGETHER + 1))
    assert waiting_rows(path) == 0
    assert reader.totals("key") == ledger.totals("key") == sum_rows_of(ledger, "key")
    for one in (ledger, reader):
        one.close()


@pytest.mark.parametrize("summed", [False, True])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE usage SET model = 'other' WHERE id = 2",
        "DELETE FROM usage WHERE id = 2",
        "DELETE FROM usage",
        "UPDATE usage SET at = at + 7200",
    ],
)
def test_another_program_may_change_rows_that_wait_for_their_sums(change: str, summed: bool, tmp_path: Path) -> None:
    path = tmp_path / "usage.db"
    ledger = SQLiteLedger(path)
    ledger.add([used(), used(1, model="m2"), used(90)])
    if summed:
        assert ledger.total().requests == 3
    with sqlite3.connect(path) as file:
        file.execute(change)
        expected = dict(file.execute("SELECT coalesce(model, ''), count(*) FROM usage GROUP BY 1"))
    file.close()
    ledger.add([used(2, model="m3")])
    expected["m3"] = expected.get("m3", 0) + 1
    assert {model: total.requests for model, total in ledger.totals("model").items()} == expected
    ledger.close()


def sum_rows_of(ledger: Ledger, by: str) -> dict[str, Totals]:
    known = MemoryLedger()
    known.add(list(ledger.rows()))
    return known.totals(by)


# The key of a call


def rows_of_call(server: FakeServer, **options: Any) -> list[UsageData]:
    ledger = MemoryLedger()
    server.add_replies(Answer(text="Hello!"))
    layer = UsageLayer(ledger, **options)
    with AIModelClient(endpoint(server.url), layers=[layer]) as client:
        client.generate("?")
    return list(ledger.rows())


def test_a_row_has_a_fingerprint_of_the_key_and_never_the_key(server: FakeServer) -> None:
    (row,) = rows_of_call(server)
    (again,) = rows_of_call(server)
    assert row.key is not None
    assert row.key.startswith("key-")
    assert len(row.key) == len("key-") + 8
    assert row.key == again.key


def test_other_keys_have_other_fingerprints_and_no_key_has_none() -> None:
    fingerprints = {key_fingerprint(f"account {number}") for number in range(100)}
    assert len(fingerprints) == 100
    seen: list[Any] = []

    class Spy:
        def bind(self, io: Any, target: Any) -> Any:
            seen.append(key_fingerprint(target.account))
            raise ConfigurationError("seen")

    with (
        pytest.raises(ConfigurationError, match="seen"),
        AIModelClient("ollama/llama3", layers=[Spy()]) as client,  # type: ignore[list-item]
    ):
        client.generate("?")
    assert seen == [None]


def test_a_label_replaces_the_fingerprint(server: FakeServer) -> None:
    assert [row.key for row in rows_of_call(server, key_label="production")] == ["production"]


def test_a_key_is_no_label() -> None:
    with pytest.raises(ConfigurationError, match="looks like an API key"):
        UsageLayer(MemoryLedger(), key_label=KEY)


def kit_settings(server: FakeServer) -> AiSettings:
    return AiSettings(
        model="openai/fake-1",
        base_url=server.url + "/v1",
        api_key="sk-test",
        usage_store="memory",
        team="search",
        tags={"stage": "test", "team": "none"},
        key_label="ci",
        _env_file=None,
    )


def test_settings_give_all_calls_team_tags_and_label(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"), Answer(text="Hello!"))
    with AiClient(kit_settings(server)) as client:
        client.ask("?")
        client.ask("?", tags={"stage": "live"})
        rows = list(client.usage_tracker.ledger.rows())
    assert [row.tags for row in rows] == [{"stage": "test", "team": "search"}, {"stage": "live", "team": "search"}]
    assert [row.key for row in rows] == ["ci", "ci"]


def test_async_calls_have_them_too(server: FakeServer) -> None:
    async def ask() -> list[UsageData]:
        async with AsyncAiClient(kit_settings(server)) as client:
            await client.ask("?")
            return list(client.usage_tracker.ledger.rows())

    server.add_replies(Answer(text="Hello!"))
    (row,) = asyncio.run(ask())
    assert (row.tags["team"], row.key) == ("search", "ci")


def test_a_client_without_tracking_has_a_tracker_that_stays_at_zero(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"))
    with AiClient(kit_settings(server), usage_tracking=False) as client:
        client.ask("?")
        assert client.usage_tracker.total == Totals()
        assert client.usage_tracker is client.usage_tracker


def test_tags_are_read_from_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_TAGS", "project=atlas, stage=test")
    monkeypatch.setenv("AI_TEAM", "search")
    read = AiSettings(_env_file=None)
    assert (read.tags, read.team) == ({"project": "atlas", "stage": "test"}, "search")
    monkeypatch.setenv("AI_TAGS", "atlas")
    with pytest.raises(ConfigurationError, match="name=value"):
        AiSettings(_env_file=None)


def test_the_time_zone_may_be_an_object() -> None:
    ledger = MemoryLedger()
    ledger.add([used(800)])
    assert list(ledger.totals("day", time_zone=ZoneInfo("Europe/Berlin"))) == ["2026-12-01"]


def test_a_report_is_printed_as_lines(ledger: Ledger) -> None:
    ledger.add([used(model="m-1", tags={"user": "ada"}), used(model="m-2")])
    report = make_report(ledger)
    lines = str(report).splitlines()
    assert lines[0] == f"total: {report.total}"
    assert lines[lines.index("by user") + 1 :][:2] == [
        f"  {name or '(none)'}: {total}" for name, total in report.tags["user"].items()
    ]
    assert repr(report).startswith("UsageReport(total=Totals(requests=2")
    assert len(repr(report)) <= 200
