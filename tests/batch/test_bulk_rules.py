"""Arguments of bulk runs in sync and async code, what decides that a row is sent again, and files of a run."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import tracemalloc
from collections.abc import Iterable
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ai_utilities import AiClient, AiSettings, AsyncAiClient
from ai_utilities.batch import BulkReport, bulk, run_bulk, run_bulk_async
from ai_utilities.batch.job import BulkJob, BulkOutput, answered_by, find_columns, flatten_entry
from ai_utilities.batch.journal import BulkJournal, RowPlaces
from ai_utilities.batch.provider_run import ProviderRun, is_definitely_refused
from ai_utilities.batch.rows import RowResult, read_rows
from ai_utilities.exceptions import ProviderConfigurationError
from ai_utilities.execution import run_sync
from dhenara.ai.errors import BadRequestError, ConnectionFailedError, OutputExistsError, ServerError
from dhenara.ai.testing import Answer, FakeServer, Refusal

SETTINGS: dict[str, Any] = {"provider": "openai", "model": "m", "api_key": "sk-test", "concurrency": 3}
BOTH = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])


def settings(**changes: Any) -> AiSettings:
    return AiSettings(_env_file=None, **{**SETTINGS, **changes})


def run(is_async: bool, source: Any, output: Path, base_url: str = "http://127.0.0.1:9", **options: Any) -> BulkReport:
    async def work() -> BulkReport:
        async with AsyncAiClient(settings(base_url=base_url)) as client:
            return await run_bulk_async(source, output, client=client, **options)

    if is_async:
        return asyncio.run(work())
    with AiClient(settings(base_url=base_url)) as client:
        return run_bulk(source, output, client=client, **options)


@BOTH
def test_every_argument_arrives(is_async: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    jobs: list[dict[str, Any]] = []
    counts: list[int] = []

    class NotedJob(BulkJob):
        def __init__(self, source: Any, output: Any, prompt: Any, options: Any, *more: Any, overwrite: bool) -> None:
            on_progress, fail_fast, known = more
            jobs.append({"source": source, "output": output, "prompt": prompt, "options": options})
            jobs[-1] |= {"on_progress": on_progress, "fail_fast": fail_fast, "overwrite": overwrite}
            super().__init__(source, output, prompt, options, on_progress, fail_fast, known, overwrite=overwrite)

    def note_count(client: Any, job: Any, options: Any, count: int) -> None:
        counts.append(count)

    async def note_count_async(client: Any, job: Any, options: Any, count: int) -> None:
        counts.append(count)

    monkeypatch.setattr(bulk, "BulkJob", NotedJob)
    monkeypatch.setattr(bulk, "run_with_threads", note_count)
    monkeypatch.setattr(bulk, "run_in_tasks", note_count_async)
    output = tmp_path / "out.jsonl"
    given: dict[str, Any] = {"prompt": "Say {x}", "fail_fast": True, "overwrite": True, "on_progress": lambda now: None}
    run(is_async, [{"x": "a"}], output, concurrency=2, temperature=0.5, **given)
    assert jobs == [{"source": [{"x": "a"}], "output": output, "options": {"temperature": 0.5}, **given}]
    run(is_async, ["a"], tmp_path / "other.jsonl")
    assert counts == [2, 3]
    assert [jobs[1][name] for name in ("prompt", "fail_fast", "overwrite")] == [None, False, False]


@BOTH
def test_a_run_that_failed_leaves_its_journal_to_the_next_one(
    is_async: bool, server: FakeServer, tmp_path: Path
) -> None:
    output = tmp_path / "out.jsonl"
    with pytest.raises(ProviderConfigurationError) as failed:
        run(is_async, ["a"], output, concurrency=0)
    server.add_replies(Answer(text="A"))
    assert run(is_async, ["a"], output, f"{server.url}/v1").ok
    assert failed.value.__traceback__ is not None  # which refers to the run


@BOTH
def test_what_the_callback_raises_ends_the_run(is_async: bool, server: FakeServer, tmp_path: Path) -> None:
    def fail(progress: Any) -> None:
        raise ZeroDivisionError("mine")

    server.add_replies(Answer(text="A"))
    with pytest.raises(ZeroDivisionError, match="mine"):
        run(is_async, ["a", "b"], tmp_path / "out.jsonl", f"{server.url}/v1", on_progress=fail, concurrency=1)
    assert len(server.exchanges) == 1


@BOTH
def test_an_output_is_overwritten_only_on_demand(is_async: bool, server: FakeServer, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    output.write_text("mine")
    server.add_replies(Answer(text="A"))
    with pytest.raises(OutputExistsError):
        run(is_async, ["a"], output, f"{server.url}/v1")
    assert output.read_text() == "mine"
    run(is_async, ["a"], output, f"{server.url}/v1", overwrite=True)
    assert json.loads(output.read_text())["text"] == "A"


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "other"},
        {"base_url": "http://127.0.0.1:8/v1"},
        {"fallbacks": ["groq/m"]},
        {"temperature": 0.5},
        {"max_tokens": 10},
        {"system_prompt": "Be brief."},
        {"strict": True},
        {"provider_config": {"service_tier": "flex"}},
    ],
    ids=str,
)
def test_a_setting_that_changes_answers_is_part_of_what_answered(changes: dict[str, Any]) -> None:
    assert answered_by(settings(**changes)) != answered_by(settings())
    assert answered_by(settings(concurrency=9, tags={"a": "b"})) == answered_by(settings())


def job_of(rows: Iterable[Any], output: Path, **options: Any) -> BulkJob:
    given = {"prompt": None, "options": {}, "on_progress": None, "fail_fast": False, **options}
    return BulkJob(rows, output, **given)


def result(error: str | None = None) -> RowResult:
    return RowResult({"text": None if error else "A", "error": error})


def test_a_run_that_was_stopped_keeps_its_journal(tmp_path: Path) -> None:
    job = job_of(["a", "b"], tmp_path / "out.jsonl")
    first = job.next_request()
    assert first is not None
    job.record_result(first, result())
    job.stop()
    assert job.next_request() is None
    job.finish()
    assert job.journal.path.exists()
    again = job_of(["a", "b"], tmp_path / "out.jsonl")
    rest = again.next_request()
    assert (rest and rest.index, again.progress.reused) == (1, 1)
    again.record_result(rest, result())  # type: ignore[arg-type]
    again.finish()
    assert not again.journal.path.exists()


def test_a_run_that_was_stopped_stays_so_after_later_failures(tmp_path: Path) -> None:
    job = job_of(["a", "b", "c"], tmp_path / "out.jsonl")
    requests = [job.next_request(), job.next_request()]
    job.stop()
    job.record_result(requests[0], result("no"))  # type: ignore[arg-type]
    assert job.stopped
    job.journal.close()


@pytest.mark.skipif(os.name == "nt", reason="modes of files")
def test_a_journal_takes_few_bytes_of_memory_for_a_row(tmp_path: Path) -> None:
    places, count = RowPlaces(), 100_000
    tracemalloc.start()
    try:
        for index in range(count):
            places[index] = 1_000 * index
        assert tracemalloc.get_traced_memory()[0] < 10 * count
    finally:
        tracemalloc.stop()


def test_a_row_has_the_place_of_its_latest_entry() -> None:
    places = RowPlaces()
    for index, place in ((2, 10), (0, 20), (2, 30)):
        places[index] = place
    assert list(places.in_order()) == [20, 30]
    assert (places[0], places[2]) == (20, 30)
    for index in (-1, 1, 3):
        with pytest.raises(KeyError):
            places[index]


@pytest.mark.parametrize("index", [-1, 10**15, "one", 0.5, None])
def test_an_entry_with_an_invalid_number_is_ignored(tmp_path: Path, index: object) -> None:
    path = tmp_path / "out.journal"
    good = {"index": 0, "asked": "f", "row": {}, "text": "A", "error": None}
    path.write_text("".join(json.dumps(entry) + "\n" for entry in ({**good, "index": index}, good)))
    journal = BulkJournal(path)
    assert [entry["index"] for entry in journal.entries_in_order()] == [0]
    journal.close()


def test_a_journal_can_be_read_by_its_owner_and_is_written_at_once(tmp_path: Path) -> None:
    journal = BulkJournal(tmp_path / "out.journal")
    journal.add(0, "f", {"prompt": "a"}, {"text": "A", "error": None})
    journal.add(1, "g", {"prompt": "b"}, {"text": None, "error": "no"})
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
    assert len(journal.path.read_bytes().splitlines()) == 2
    journal.close()
    again = BulkJournal(tmp_path / "out.journal")
    assert [again.is_answered(0, "f"), again.is_answered(0, "g"), again.is_answered(1, "g")] == [True, False, False]
    again.delete()
    assert list(tmp_path.iterdir()) == []


def test_a_column_of_the_source_is_not_replaced_by_one_of_the_answer() -> None:
    entry = {"row": {"text": "mine", "id": 7}, "text": "A", "error": None}
    flat = flatten_entry(entry, find_columns([entry])[1])
    assert (flat["text"], flat["answer_text"], flat["id"], flat["error"]) == ("mine", "A", 7, None)


UNLIKE_ROWS: list[dict[str, Any]] = [
    {"prompt": "a"},
    {"prompt": "b", "text": "mine", "answer_text": "mine too", "more": 5},
    {"prompt": "c", "more": {"x": 1}, "big": 2**70, "half": "\ud83d"},
    {"prompt": "d", "number": 1, "flag": True},
    {"prompt": "e", "number": 2.5},
]


def written_rows(path: Path, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of an output, without the fields that are empty, as they are read from a file of this kind."""
    journal = BulkJournal(path.with_name("journal"))
    for index, row in enumerate(rows):
        is_last = index == len(rows) - 1
        journal.add(index, "f", row, {"text": row["prompt"].upper(), "error": "no" if is_last else None})
    BulkOutput(path, [], overwrite=False).write(journal.entries_in_order)
    journal.delete()
    return [{name: value for name, value in row.items() if value not in (None, "")} for row in read_rows(path)]


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv", "out.parquet"])
def test_an_output_has_the_fields_of_all_rows_and_all_answers_in_one_field(name: str, tmp_path: Path) -> None:
    if name == "out.parquet":
        pytest.importorskip("pyarrow")
    rows = written_rows(tmp_path / name, UNLIKE_ROWS)
    assert [row["answer_answer_text"] for row in rows] == ["A", "B", "C", "D", "E"]
    assert [row.get("text") for row in rows] == [None, "mine", None, None, None]
    assert [row.get("answer_text") for row in rows] == [None, "mine too", None, None, None]
    assert [str(row.get("more")).replace("'", '"') for row in rows] == ["None", "5", '{"x": 1}', "None", "None"]
    assert rows[2]["more"] == ({"x": 1} if name == "out.jsonl" else '{"x": 1}')
    assert str(rows[2]["big"]) == str(2**70)
    assert rows[2]["half"] == ("\ud83d" if name == "out.jsonl" else "?")
    assert [float(row.get("number", 0)) for row in rows] == [0, 0, 0, 1, 2.5]
    assert str(rows[3]["flag"]) == "True"


def test_a_column_of_a_parquet_file_may_be_empty_in_the_first_thousand_rows(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    rows = written_rows(tmp_path / "out.parquet", [{"prompt": f"p{number}"} for number in range(1001)])
    assert [rows[0].get("error"), rows[-1]["error"], len(rows)] == [None, "no", 1001]


REFUSED = Refusal(400, "no")


@pytest.mark.parametrize("is_iterator", [False, True])
def test_a_run_with_another_source_writes_the_rows_of_that_source(
    server: FakeServer, tmp_path: Path, is_iterator: bool
) -> None:
    def run(*rows: dict[str, Any]) -> list[tuple[Any, Any]]:
        run_bulk(iter(rows) if is_iterator else rows, out, client=client, concurrency=1, overwrite=True)
        return [(row["id"], row["text"]) for row in map(json.loads, out.read_text().splitlines())]

    out = tmp_path / "out.jsonl"
    with AiClient(settings(base_url=server.url)) as client:
        server.add_replies(Answer(text="A"), REFUSED, Answer(text="C"))
        first = run({"id": 1, "prompt": "a"}, {"id": 2, "prompt": "b"}, {"id": 3, "prompt": "c"})
        assert first == [(1, "A"), (2, None), (3, "C")]
        server.add_replies(Answer(text="B"))
        assert run({"id": 10, "prompt": "a"}, {"id": 20, "prompt": "b"}) == [(10, "A"), (20, "B")]
    assert len(server.exchanges) == 4
    assert list(tmp_path.iterdir()) == [out]


def test_a_row_that_failed_after_a_change_has_no_answer_when_it_is_changed_back(
    server: FakeServer, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    with AiClient(settings(base_url=server.url)) as client:
        server.add_replies(Answer(text="A"), *[REFUSED] * 3, Answer(text="A again"), Answer(text="B"))
        for prompt in ("a", "changed", "a"):
            report = run_bulk([prompt, "b"], out, client=client, concurrency=1)
    assert (report.answered, report.reused, report.failed) == (2, 0, 0)
    assert [json.loads(line)["text"] for line in out.read_text().splitlines()] == ["A again", "B"]


@pytest.mark.parametrize(
    ("error", "is_refused"),
    [
        (BadRequestError("no", status=400), True),
        (ServerError("no", status=500), False),
        (ServerError("no", status=399), False),
        (ConnectionFailedError("no"), False),
        (OSError("no"), False),
        (ValueError("no"), True),
    ],
)
def test_a_batch_cannot_exist_if_it_was_refused_or_not_sent(error: Exception, is_refused: bool) -> None:
    assert is_definitely_refused(error) is is_refused


@pytest.mark.parametrize(
    ("wait", "every", "pauses"), [(10.0, 4.0, [4.0, 4.0, 2.0]), (8.0, None, [2.0, 3.0, 3.0]), (0.0, 1.0, [])]
)
def test_a_batch_is_polled_as_often_and_as_long_as_its_options_say(
    wait: float, every: float | None, pauses: list[float], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    now, slept = [100.0], list[float]()

    async def operate(name: str, arguments: Any, options: Any) -> Any:
        return SimpleNamespace(over=False)

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr("ai_utilities.batch.provider_run.time", SimpleNamespace(monotonic=lambda: now[0]))
    job = job_of(["a"], tmp_path / "out.jsonl")
    row = job.next_request()
    assert row is not None
    job.journal.add(0, row.fingerprint, {"prompt": "a"}, {"text": None, "error": "waits"})
    job.journal.write_note("mine", rows=[0], at=datetime.now(UTC).isoformat(), job={"batch_id": "b"})
    layers = SimpleNamespace(request_scope=lambda *_: nullcontext())
    operations: Any = SimpleNamespace(settings=settings(), operate=operate, middleware=layers)
    run_sync(ProviderRun(job, operations, {}, bulk.OnProvider(wait=wait, every=every), sleep).run())
    job.journal.close()
    assert slept == pauses
