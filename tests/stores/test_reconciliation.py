"""Reconciliation: exports in the documented formats, compared with ledgers of the same and of other events."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from ai_utilities.usage import (
    ExportError,
    MemoryLedger,
    Reconciliation,
    SQLiteLedger,
    UsageData,
    read_export,
    reconcile,
)
from ai_utilities.usage.reports.exports import model_key

START = datetime(2026, 11, 20, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Event:
    """One request, as both sides see it."""

    minute: int
    model: str
    key: str
    batch: bool
    uncached: int
    cached: int
    written: int
    output: int
    cost: Decimal

    @property
    def at(self) -> datetime:
        return START + timedelta(minutes=self.minute)

    def row(self, provider: str) -> UsageData:
        return UsageData(
            provider=provider,
            model=self.model,
            key=self.key,
            operation="batch" if self.batch else "chat",
            started_at=self.at,
            input_tokens=self.uncached,
            cache_read_tokens=self.cached,
            cache_write_tokens=self.written if provider == "anthropic" else 0,
            output_tokens=self.output,
            cost=self.cost,
        )


# Independent writers of the documented formats: they group the events by themselves.

MODELS = {"gpt-5.4-mini": "gpt-5.4-mini-2026-03-17", "gpt-5.4": "gpt-5.4-2026-03-05"}
CLAUDES = {"claude-sonnet-5": "claude-sonnet-5-20260301", "claude-haiku-4-5": "claude-haiku-4-5-20251001"}
CLAUDE_NAMES = {"claude-sonnet-5": "Claude Sonnet 5", "claude-haiku-4-5": "Claude Haiku 4.5"}
KEYS = {"key_aaa": "production", "key_bbb": "key-1234abcd"}
KEY_IDS = {ours: theirs for theirs, ours in KEYS.items()}


def grouped(events: Sequence[Event]) -> dict[tuple[datetime, str, str, bool], list[Event]]:
    groups: dict[tuple[datetime, str, str, bool], list[Event]] = defaultdict(list)
    for event in events:
        day = event.at.replace(hour=0, minute=0)
        groups[day, event.model, event.key, event.batch].append(event)
    return groups


def openai_json(events: Sequence[Event], days: int = 3) -> str:
    buckets = []
    for number in range(days):
        day = START + number * DAY
        results = [
            {
                "object": "organization.usage.completions.result",
                "input_tokens": sum(event.uncached + event.cached for event in group),
                "output_tokens": sum(event.output for event in group),
                "input_cached_tokens": sum(event.cached for event in group),
                "input_audio_tokens": 0,
                "output_audio_tokens": 0,
                "num_model_requests": len(group),
                "project_id": None,
                "user_id": None,
                "api_key_id": KEY_IDS[key],
                "model": MODELS[model],
                "batch": batch,
                "service_tier": "default",
            }
            for (begins, model, key, batch), group in grouped(events).items()
            if begins == day
        ]
        times = {"start_time": int(day.timestamp()), "end_time": int((day + DAY).timestamp())}
        buckets.append({"object": "bucket", **times, "results": results})
    return json.dumps({"object": "page", "data": buckets, "has_more": False, "next_page": None})


def write_csv(columns: str, rows: Sequence[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns.split(","))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


OPENAI_COLUMNS = (
    "start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,user_id,api_key_id,model,batch,"
    "service_tier,input_tokens,output_tokens,input_cached_tokens,input_uncached_tokens,input_text_tokens,"
    "output_text_tokens,input_cached_text_tokens,input_audio_tokens,input_cached_audio_tokens,output_audio_tokens,"
    "input_image_tokens,input_cached_image_tokens,output_image_tokens"
)


def openai_csv(events: Sequence[Event], days: int = 3) -> str:
    rows: list[dict[str, Any]] = []
    for number in range(days):
        day = START + number * DAY
        times = {
            "start_time": int(day.timestamp()),
            "end_time": int((day + DAY).timestamp()),
            "start_time_iso": day.isoformat(),
            "end_time_iso": (day + DAY).isoformat(),
        }
        groups = {place: group for place, group in grouped(events).items() if place[0] == day}
        if not groups:
            rows.append(times)  # the dashboard writes an empty row
        for (_, model, key, batch), group in groups.items():
            rows.append({
                **times,
                "project_id": "proj_1",
                "num_model_requests": float(len(group)),
                "api_key_id": KEY_IDS[key],
                "model": MODELS[model],
                "batch": str(batch).upper(),
                "service_tier": "default",
                "input_tokens": float(sum(event.uncached + event.cached for event in group)),
                "output_tokens": float(sum(event.output for event in group)),
                "input_cached_tokens": float(sum(event.cached for event in group)),
                "input_audio_tokens": 0.0,
                "output_audio_tokens": 0.0,
            })  # fmt: skip
    return write_csv(OPENAI_COLUMNS, rows)


def openai_costs(events: Sequence[Event], days: int = 3) -> str:
    buckets = []
    for number in range(days):
        day = START + number * DAY
        results = [
            {
                "object": "organization.costs.result",
                "amount": {"value": float(sum(event.cost for event in group)), "currency": "usd"},
                "line_item": f"{MODELS[model]}, input",
                "project_id": None,
            }
            for (begins, model, _, _), group in grouped(events).items()
            if begins == day
        ]
        times = {"start_time": int(day.timestamp()), "end_time": int((day + DAY).timestamp())}
        buckets.append({"object": "bucket", **times, "results": results})
    return json.dumps({"object": "page", "data": buckets, "has_more": False, "next_page": None})


def anthropic_json(events: Sequence[Event], days: int = 3) -> str:
    buckets = []
    for number in range(days):
        day = START + number * DAY
        results = [
            {
                "api_key_id": KEY_IDS[key],
                "cache_creation": {
                    "ephemeral_1h_input_tokens": 0,
                    "ephemeral_5m_input_tokens": sum(event.written for event in group),
                },
                "cache_read_input_tokens": sum(event.cached for event in group),
                "context_window": "0-200k",
                "model": CLAUDES[model],
                "output_tokens": sum(event.output for event in group),
                "server_tool_use": {"web_search_requests": 0},
                "service_tier": "batch" if batch else "standard",
                "uncached_input_tokens": sum(event.uncached for event in group),
                "workspace_id": None,
            }
            for (begins, model, key, batch), group in grouped(events).items()
            if begins == day
        ]
        times = {"starting_at": f"{day:%Y-%m-%dT%H:%M:%SZ}", "ending_at": f"{day + DAY:%Y-%m-%dT%H:%M:%SZ}"}
        buckets.append({**times, "results": results})
    return json.dumps({"data": buckets, "has_more": False, "next_page": None})


ANTHROPIC_COLUMNS = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,"
    "usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,"
    "usage_output_tokens,web_search_count,inference_geo,speed"
)


def anthropic_csv(events: Sequence[Event]) -> str:
    return write_csv(ANTHROPIC_COLUMNS, [
        {
            "usage_date_utc": f"{day:%Y-%m-%d}",
            "model_version": CLAUDES[model],
            "api_key": KEY_IDS[key],
            "workspace": "Default",
            "usage_type": "batch" if batch else "standard",
            "context_window": "≤ 200k",
            "usage_input_tokens_no_cache": sum(event.uncached for event in group),
            "usage_input_tokens_cache_write_5m": sum(event.written for event in group),
            "usage_input_tokens_cache_write_1h": 0,
            "usage_input_tokens_cache_read": sum(event.cached for event in group),
            "usage_output_tokens": sum(event.output for event in group),
            "web_search_count": 0,
            "inference_geo": "not_available",
        }
        for (day, model, key, batch), group in grouped(events).items()
    ])  # fmt: skip


def anthropic_cost_csv(events: Sequence[Event]) -> str:
    columns = (
        "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,"
        "cost_type,inference_geo,speed"
    )
    return write_csv(columns, [
        {
            "usage_date_utc": f"{day:%Y-%m-%d}",
            "model": CLAUDE_NAMES[model],
            "api_key": KEY_IDS[key],
            "usage_type": "message",
            "token_type": "output",
            "cost_usd": f"{sum(event.cost for event in group):.2f}",
            "list_price_usd": "0.00",
            "cost_type": "token",
        }
        for (day, model, key, _), group in grouped(events).items()
    ])  # fmt: skip


def anthropic_costs(events: Sequence[Event], days: int = 3) -> str:
    buckets = []
    for number in range(days):
        day = START + number * DAY
        results = [
            {
                "amount": str(sum(event.cost for event in group) * 100),
                "currency": "USD",
                "cost_type": "tokens",
                "description": "Claude usage",
                "model": CLAUDES[model],
                "service_tier": "batch" if batch else "standard",
                "token_type": "output_tokens",
                "context_window": "0-200k",
                "workspace_id": None,
            }
            for (begins, model, _, batch), group in grouped(events).items()
            if begins == day
        ]
        times = {"starting_at": f"{day:%Y-%m-%dT%H:%M:%SZ}", "ending_at": f"{day + DAY:%Y-%m-%dT%H:%M:%SZ}"}
        buckets.append({**times, "results": results})
    return json.dumps({"data": buckets, "has_more": False, "next_page": None})


FORMATS = {
    "openai usage json": ("openai", openai_json),
    "openai usage csv": ("openai", openai_csv),
    "openai costs json": ("openai", openai_costs),
    "anthropic usage json": ("anthropic", anthropic_json),
    "anthropic usage csv": ("anthropic", anthropic_csv),
    "anthropic costs json": ("anthropic", anthropic_costs),
    "anthropic costs csv": ("anthropic", anthropic_cost_csv),
}


def event(provider: str = "openai", **fields: Any) -> Event:
    model = "gpt-5.4-mini" if provider == "openai" else "claude-haiku-4-5"
    usual = {"minute": 60, "model": model, "key": "production", "batch": False, "uncached": 100, "cached": 20}
    return Event(**{**usual, "written": 5, "output": 30, "cost": Decimal("0.25"), **fields})


def compared(provider: str, ours: Sequence[Event], text: str, **options: Any) -> Reconciliation:
    ledger = MemoryLedger()
    ledger.add([event.row(provider) for event in ours])
    by_key = {} if "cost" in options.pop("kind", "") else {"keys": KEYS}
    return reconcile(ledger, read_export(text, provider), **{**by_key, **options})


EVENTS = st.builds(
    Event,
    minute=st.integers(0, 3 * 24 * 60 - 1),
    model=st.sampled_from([0, 1]),
    key=st.sampled_from(sorted(KEY_IDS)),
    batch=st.booleans(),
    uncached=st.integers(0, 10**6),
    cached=st.integers(0, 10**6),
    written=st.integers(0, 10**5),
    output=st.integers(1, 10**5),
    cost=st.decimals("0.02", 9, places=6),
)


def of_provider(events: Sequence[Event], provider: str) -> list[Event]:
    models = list(MODELS if provider == "openai" else CLAUDES)
    return [replace(event, model=models[int(event.model)]) for event in events]


def shown(result: Reconciliation) -> list[tuple[str, str, dict[str, Decimal]]]:
    return [(str(bucket.place), bucket.status, dict(bucket.differences)) for bucket in result.differences]


@pytest.mark.parametrize("name", FORMATS)
@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(drawn=st.lists(EVENTS, min_size=1, max_size=12), data=st.data())
def test_an_export_of_the_same_events_is_equal_and_any_change_is_detected(
    name: str, drawn: list[Event], data: st.DataObject
) -> None:
    provider, write = FORMATS[name]
    events = of_provider(drawn, provider)
    same = compared(provider, events, write(events), kind=name)
    assert (shown(same), same.is_equal) == ([], True)
    chosen = data.draw(st.integers(0, len(events) - 1))
    change = data.draw(st.sampled_from(["dropped", "duplicated", "altered"]))
    changed = list(events)
    if change == "dropped":
        del changed[chosen]
    elif change == "duplicated":
        changed.append(events[chosen])
    elif "costs" in name:
        changed[chosen] = replace(events[chosen], cost=events[chosen].cost + 1)
    else:
        changed[chosen] = replace(events[chosen], output=events[chosen].output + 1)
    # Costs of the console are rounded to cents, in each row: a change below that is not seen.
    if name == "anthropic costs csv" and abs(sum(e.cost for e in changed) - sum(e.cost for e in events)) < Decimal(
        "0.2"
    ):
        return
    result = compared(provider, changed, write(events), kind=name)
    assert len(result.differences) == 1
    assert result.differences[0].place.day == f"{events[chosen].at:%Y-%m-%d}"
    assert result.differences[0].explanation
    assert not result.is_equal


def test_buckets_have_both_sides_and_what_differs() -> None:
    result = compared("openai", [event()], openai_json([event(), event(minute=70)]))
    (bucket,) = result.buckets
    assert str(bucket.place) == "2026-11-20 gpt-5.4-mini production standard"
    assert bucket.ours["requests"] == 1
    assert bucket.theirs["requests"] == 2
    assert bucket.differences == {"requests": 1, "input_tokens": 120, "cache_read_tokens": 20, "output_tokens": 30}
    assert bucket.status == "different"
    assert "export has more" in bucket.explanation


def test_rows_on_one_side_only_are_named() -> None:
    ours = [event(model="gpt-5.4"), event(minute=3 * 24 * 60 - 5)]
    result = compared("openai", ours, openai_json([event(), event(minute=3 * 24 * 60 - 5)]))
    statuses = {(bucket.place.day, bucket.place.model): bucket.status for bucket in result.differences}
    assert statuses == {("2026-11-20", "gpt-5.4"): "only here", ("2026-11-20", "gpt-5.4-mini"): "only there"}


def test_what_the_provider_did_not_count_is_not_compared() -> None:
    ledger = MemoryLedger()
    ledger.add([
        event().row("openai"),
        event().row("openai").model_copy(update={"outcome": "cached", "cached": True, "cost": Decimal(0)}),
        event().row("openai").model_copy(update={"outcome": "failed", "cost": Decimal(0)}),
        event().row("groq"),
        event().row("openai").model_copy(update={"operation": "embed"}),
    ])  # fmt: skip
    assert reconcile(ledger, read_export(openai_json([event()]), "openai"), keys=KEYS).is_equal


def test_requests_around_midnight_are_explained() -> None:
    ours, theirs = [event(minute=24 * 60 - 1)], [event(minute=24 * 60 + 1)]
    result = compared("openai", ours, openai_json(theirs))
    assert ["midnight UTC" in bucket.explanation for bucket in result.differences] == [True, True]


def test_an_export_that_ends_within_a_day_is_compared_until_then() -> None:
    early, late = event(minute=2 * 24 * 60 + 60), event(minute=2 * 24 * 60 + 600)
    exported = openai_json([early])
    result = compared("openai", [early, late], exported)
    assert "made before the provider counted" in result.differences[0].explanation
    assert compared("openai", [early, late], exported, until=START + 2 * DAY + timedelta(hours=5)).is_equal


def test_a_broken_answer_is_named_as_the_reason() -> None:
    ledger = MemoryLedger()
    broken = event().row("openai").model_copy(update={"outcome": "interrupted", "output_tokens": 0})
    broken = broken.model_copy(update={"completion_tokens": 0})
    ledger.add([broken])
    result = reconcile(ledger, read_export(openai_json([event()], 3), "openai"), keys=KEYS)
    (bucket,) = result.differences
    assert (bucket.uncertain, bucket.differences) == (1, {"output_tokens": 30})
    assert "broke off" in bucket.explanation


def test_an_unknown_cost_is_never_taken_for_zero() -> None:
    ledger = MemoryLedger()
    ledger.add([event().row("openai").model_copy(update={"cost": None, "cost_reason": "no price is known"})])
    result = reconcile(ledger, read_export(openai_costs([event()]), "openai"))
    (bucket,) = result.differences
    assert (bucket.status, bucket.unknown_costs, dict(bucket.differences)) == ("unknown", 1, {})
    assert bucket.explanation == "the cost of 1 requests of the ledger is unknown"
    assert not result.is_equal


def test_an_unknown_cost_is_unknown_too_where_the_known_costs_are_equal() -> None:
    ledger = MemoryLedger()
    ledger.add([event().row("openai"), event().row("openai").model_copy(update={"cost": None})])
    (bucket,) = reconcile(ledger, read_export(openai_costs([event()]), "openai")).buckets
    assert (bucket.status, bucket.unknown_costs) == ("unknown", 1)


def test_requests_that_are_not_finished_are_named_as_the_reason() -> None:
    ledger = MemoryLedger()
    started = event().row("openai").model_copy(update={"outcome": "open", "output_tokens": 0, "completion_tokens": 0})
    ledger.open([started], expires=float("inf"))
    (bucket,) = reconcile(ledger, read_export(openai_json([event()]), "openai"), keys=KEYS).differences
    assert bucket.uncertain == 1
    assert "not finished" in bucket.explanation


def test_a_name_of_the_ledger_may_be_another_model_in_the_export() -> None:
    ours = [replace(event(), model="our-deployment")]
    assert not compared("openai", ours, openai_json([event()])).is_equal
    assert compared("openai", ours, openai_json([event()]), models={"our-deployment": "gpt-5.4-mini"}).is_equal


def test_a_tolerance_is_a_part_of_the_cost() -> None:
    ours, theirs = [event(cost=Decimal("1.00"))], [event(cost=Decimal("1.01"))]
    assert not compared("openai", ours, openai_costs(theirs), kind="costs").is_equal
    assert compared("openai", ours, openai_costs(theirs), kind="costs", tolerance="0.02").is_equal


def test_unknown_columns_are_reported_and_not_equal() -> None:
    changed = openai_csv([event()]).replace("output_image_tokens", "output_thought_tokens")
    result = compared("openai", [event()], changed)
    assert not result.differences
    assert not result.is_equal
    assert "output_thought_tokens" in result.notes[0]


def test_further_pages_are_reported() -> None:
    page = json.loads(openai_json([event()]))
    page["has_more"] = True
    result = compared("openai", [event()], json.dumps(page))
    assert (result.is_equal, "further pages" in result.notes[0]) == (False, True)
    last = json.loads(openai_json([]))
    both = json.dumps([page, last])
    assert compared("openai", [event()], both).is_equal
    lines = f"{json.dumps(page)}\n{json.dumps(last)}\n"
    assert compared("openai", [event()], lines).is_equal


@pytest.mark.parametrize("make", [openai_json, openai_csv, anthropic_json, anthropic_csv])
def test_results_that_were_saved_twice_are_named(make: Callable[[Sequence[Event]], str]) -> None:
    provider = "openai" if make in (openai_json, openai_csv) else "anthropic"
    one = event(provider)
    text = make([one])
    rows = [line for line in text.splitlines() if line.startswith(("2026-11-20", str(int(START.timestamp()))))]
    twice = f"{text}\n{text}\n" if text.startswith("{") else f"{text}{rows[0]}\n"
    assert compared(provider, [one], text).is_equal
    result = compared(provider, [one], twice)
    assert not result.is_equal
    assert "2026-11-20" in next(note for note in result.notes if "twice" in note)
    assert "twice" in result.differences[0].explanation
    assert not compared(provider, [one, one], twice).is_equal


def test_days_of_another_time_zone_are_refused() -> None:
    page = json.loads(openai_json([event()]))
    for bucket in page["data"]:
        bucket["start_time"] += 3600
        bucket["end_time"] += 3600
    with pytest.raises(ExportError, match="midnight UTC"):
        read_export(json.dumps(page), "openai")


def test_the_account_of_costs_is_no_unknown_field() -> None:
    page = json.loads(openai_costs([event()]))
    for bucket in page["data"]:
        for result in bucket["results"]:
            result["organization_id"] = "org-1"
    assert compared("openai", [event()], json.dumps(page), kind="costs").is_equal


def test_exports_have_whole_seconds_of_each_request() -> None:
    ledger = MemoryLedger()
    units = {"seconds": 2.5}
    ledger.add([UsageData(provider="openai", model="whisper-1", operation="transcribe", units=units, started_at=START)])

    def is_equal(seconds: int) -> bool:
        kind = "organization.usage.audio_transcriptions.result"
        result = {"object": kind, "model": "whisper-1", "seconds": seconds, "num_model_requests": 1}
        times = {"start_time": int(START.timestamp()), "end_time": int((START + DAY).timestamp())}
        page = {"data": [{**times, "results": [result]}], "has_more": False}
        return reconcile(ledger, read_export(json.dumps(page), "openai")).is_equal

    assert is_equal(3)
    assert not is_equal(4)


def test_an_export_without_models_is_compared_by_day() -> None:
    page = json.loads(openai_json([event(), event(model="gpt-5.4")]))
    for bucket in page["data"]:
        for result in bucket["results"]:
            result["model"] = result["api_key_id"] = None
    compared_days = compared("openai", [event(), event(model="gpt-5.4")], json.dumps(page), keys={})
    assert compared_days.is_equal
    assert [str(bucket.place) for bucket in compared_days.buckets] == ["2026-11-20 standard"]


def test_results_that_cannot_be_compared_are_named() -> None:
    page = json.loads(openai_json([event()]))
    page["data"][0]["results"].append({"object": "organization.usage.vector_stores.result", "usage_bytes": 7})
    result = compared("openai", [event()], json.dumps(page))
    assert result.is_equal
    assert "vector_stores" in result.notes[0]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("gpt-5-mini", "gpt-5-mini-2025-08-07"),
        ("claude-haiku-4-5", "Claude Haiku 4.5"),
        ("claude-haiku-4-5-20251001", "Claude Haiku 4.5"),
        ("claude-3-7-sonnet-20250219", "Claude Sonnet 3.7"),
        ("claude-sonnet-5", "Claude Sonnet 5"),
    ],
)
def test_names_of_models_are_understood(ours: str, theirs: str) -> None:
    assert model_key(ours) == model_key(theirs)


def test_other_versions_are_other_models() -> None:
    assert (
        len({model_key(name) for name in ("gpt-5", "gpt-5.4", "gpt-5-mini", "claude-sonnet-5", "claude-opus-5")}) == 5
    )


@pytest.mark.parametrize(
    ("provider", "text", "reason"),
    [
        ("groq", "{}", "its exports cannot be read"),
        ("openai", "{}", "no list 'data'"),
        ("openai", "[1]", "no list 'data'"),
        ("openai", '{"data": [1]}', "no start_time"),
        ("openai", '{"data": [', "not valid JSON"),
        ("openai", "a,b\n1,2\n", "start_time"),
        ("openai", openai_csv([event()]).replace("30.0", "-3"), "output_tokens is '-3'"),
        ("openai", openai_csv([event()]).replace("30.0", "NaN"), "not a number"),
        ("openai", openai_csv([event()]) + "1,2\n", "line 5 of the export has 2 cells"),
        ("openai", openai_costs([event()]).replace('"usd"', '"eur"'), "the amount is in eur"),
        ("openai", '{"data": []}', "no rows"),
        ("anthropic", '{"data": [{"starting_at": "x", "ending_at": "y"}]}', "'x' is not a time"),
        ("anthropic", "usage_date_utc,model_version\n2026-11-20,x\n", "column usage_input_tokens_no_cache"),
    ],
)
def test_an_export_of_another_format_is_an_error_that_says_what_to_do(provider: str, text: str, reason: str) -> None:
    with pytest.raises(ExportError, match=r"Export|Save|Use|Ledgers") as refused:
        read_export(text, provider)
    assert reason in str(refused.value)


def test_files_are_read_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text(anthropic_csv([event("anthropic")]), encoding="utf-8-sig")
    export = read_export(path, "anthropic")
    assert (export.kind, len(export.rows), export.rows[0].amounts["input_tokens"]) == ("usage", 1, 125)
    with pytest.raises(ExportError, match="cannot read the export"):
        read_export(tmp_path / "missing.csv", "anthropic")


def test_a_key_is_named_by_its_id_or_by_its_name() -> None:
    events = [event("anthropic")]
    header, first = anthropic_csv(events).replace("key_aaa", "Console key").splitlines()
    text = f"{header},api_key_id,api_key_status\n{first},apikey_01,active\n"
    for keys in ({"apikey_01": "production"}, {"Console key": "production"}):
        assert compared("anthropic", events, text, keys=keys).is_equal
    assert not compared("anthropic", events, text, keys={"another": "production"}).is_equal


def test_cents_of_the_cost_report_are_dollars() -> None:
    export = read_export(anthropic_costs([event("anthropic", cost=Decimal("1.2345"))]), "anthropic")
    assert export.rows[0].amounts["cost"] == Decimal("1.2345")


def test_a_ledger_in_a_file_is_compared_by_its_sums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = SQLiteLedger(tmp_path / "usage.db")
    events = [event(minute=minute, uncached=minute) for minute in range(0, 4000, 7)]
    ledger.add([event.row("openai") for event in events])
    monkeypatch.setattr(SQLiteLedger, "rows", None)  # sums are enough
    assert reconcile(ledger, read_export(openai_json(events), "openai"), keys=KEYS).is_equal
    ledger.close()
