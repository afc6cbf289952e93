"""Bulk runs: in order, resumable, and never paid for twice."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import given, strategies as st

from ai_utilities import AiClient, AsyncAiClient
from ai_utilities.batch import BulkReport, run_bulk, run_bulk_async
from ai_utilities.batch.rows import READERS, PromptTemplate, result_from_batch_item, result_from_error
from ai_utilities.exceptions import ProviderConfigurationError
from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, DialectReply, FakeServer, Refusal
from dhenara.ai.types import BatchItem, ChatResponse, ChatResponseChoice, RefusalContent
from support.waiting import HANGS, wait_until

VICTIM = Path(__file__).resolve().parents[1] / "support" / "bulk_victim.py"


class Echo:
    """Answers with the words of the question, after a pause that makes later ones overtake.

    From the question `most` on, it answers only when `go_on` is set.
    """

    def __init__(
        self, pause: float = 0.0, refuse: Callable[[str], bool] = lambda words: False, most: int | None = None
    ) -> None:
        self.go_on = threading.Event()
        self._pause = pause
        self._refuse = refuse
        self._most = most
        self._count = 0

    def steps(self, requested: Any) -> Any:
        words = requested.json["messages"][-1]["content"]
        self._count += 1
        if self._most is not None and self._count > self._most:
            self.go_on.wait(HANGS)
        time.sleep(self._pause * (self._count % 3))
        reply = Refusal(400, "not this one") if self._refuse(words) else DialectReply(Answer(text=words.upper()))
        return reply.steps(requested)


class Held(Echo):
    """Answers when it is freed."""

    def __init__(self) -> None:
        super().__init__()
        self.free = threading.Event()

    def steps(self, requested: Any) -> Any:
        assert self.free.wait(HANGS)
        return super().steps(requested)


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., FakeServer]]:
    """A server that echoes, with the environment pointing at it."""
    running: list[FakeServer] = []

    def start(reply: Any) -> FakeServer:
        server = FakeServer(reply, forever=True)
        server.__enter__()
        running.append(server)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-of-bulk")
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        return server

    yield start
    for server in running:
        server.__exit__(None, None, None)


def in_threads(source: Any, output: str, **options: Any) -> BulkReport:
    with AiClient(provider="openai") as client:
        return run_bulk(source, output, client=client, **options)


async def awaited(source: Any, output: str, options: dict[str, Any]) -> BulkReport:
    async with AsyncAiClient(provider="openai") as client:
        return await run_bulk_async(source, output, client=client, **options)


def on_asyncio(source: Any, output: str, **options: Any) -> BulkReport:
    return asyncio.run(awaited(source, output, options))


def on_trio(source: Any, output: str, **options: Any) -> BulkReport:
    return trio.run(awaited, source, output, options)


RUNS = pytest.mark.parametrize("run", [in_threads, on_asyncio, on_trio])


def lines(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


@RUNS
def test_answers_come_out_in_the_order_of_the_rows(run: Any, echo: Any) -> None:
    echo(Echo(pause=0.01))
    words = [f"word {number}" for number in range(12)]
    report = run(words, "out.jsonl", concurrency=4)
    assert [row["text"] for row in lines("out.jsonl")] == [word.upper() for word in words]
    assert (report.answered, report.failed, report.total) == (12, 0, 12)
    assert report.tokens > 0
    assert not Path("out.jsonl.journal").exists()


@RUNS
def test_a_failed_row_has_its_error_and_is_sent_again_by_the_next_run(run: Any, echo: Any) -> None:
    bad = {"b"}
    server = echo(Echo(refuse=lambda words: words in bad))
    first = run(["a", "b", "c"], "out.jsonl")
    assert (first.answered, first.failed) == (2, 1)
    assert [row["text"] for row in lines("out.jsonl")] == ["A", None, "C"]
    assert "not this one" in lines("out.jsonl")[1]["error"]
    bad.clear()
    requested = len(server.exchanges)
    second = run(["a", "b", "c"], "out.jsonl")
    assert (second.answered, second.reused, second.failed) == (1, 2, 0)
    assert len(server.exchanges) == requested + 1
    assert [row["text"] for row in lines("out.jsonl")] == ["A", "B", "C"]


def test_a_killed_run_goes_on_without_paying_twice(echo: Any, tmp_path: Path) -> None:
    reply = Echo(most=20)
    server = echo(reply)
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps({"word": f"w{number}"}) + "\n" for number in range(40)))
    command = [sys.executable, str(VICTIM), str(source), "out.jsonl"]
    victim = subprocess.Popen(command, env=dict(os.environ), cwd=tmp_path)
    journal = tmp_path / "out.jsonl.journal"
    while not journal.exists() or len(journal.read_bytes().splitlines()) < 8:
        assert victim.poll() is None
        time.sleep(0.005)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    reply.go_on.set()
    done = [json.loads(line)["index"] for line in journal.read_bytes().split(b"\n")[:-1]]
    written = len(done)
    report = in_threads(str(source), "out.jsonl", prompt="Say {word}", concurrency=2)
    assert report.reused == written
    assert report.answered == 40 - written
    sent = Counter(exchange.json["messages"][-1]["content"] for exchange in server.exchanges)
    # Only what was in flight when the process died is sent again.
    assert [sent[f"Say w{index}"] for index in done] == [1] * written
    assert 40 <= sent.total() <= 40 + 2
    assert [row["text"] for row in lines("out.jsonl")] == [f"SAY W{number}" for number in range(40)]


def test_a_changed_prompt_is_sent_again(echo: Any) -> None:
    bad = {"b"}
    echo(Echo(refuse=lambda words: words in bad))
    in_threads(["a", "b"], "out.jsonl")
    report = in_threads(["changed", "b"], "out.jsonl", fail_fast=True)
    assert report.reused == 0
    assert lines("out.jsonl")[0]["text"] == "CHANGED"


def test_a_journal_with_a_torn_last_line_is_read(echo: Any, tmp_path: Path) -> None:
    bad = {"b"}
    echo(Echo(refuse=lambda words: words in bad))
    in_threads(["a", "b", "c"], "out.jsonl")
    with (tmp_path / "out.jsonl.journal").open("ab") as journal:
        journal.write(b'{"index": 1, "asked": "x", "te')
    bad.clear()
    report = in_threads(["a", "b", "c"], "out.jsonl")
    assert (report.reused, report.answered) == (2, 1)
    assert [row["text"] for row in lines("out.jsonl")] == ["A", "B", "C"]


def test_two_runs_do_not_write_the_same_journal(echo: Any) -> None:
    held = Held()
    server = echo(held)
    first = threading.Thread(target=in_threads, args=(["a", "b", "c"], "out.jsonl"))
    first.start()
    try:
        wait_until(lambda: server.exchanges)
        with pytest.raises(ProviderConfigurationError, match="another run"):
            in_threads(["a"], "out.jsonl")
    finally:
        held.free.set()
        first.join()


def test_fail_fast_starts_nothing_new(echo: Any) -> None:
    server = echo(Echo(refuse=lambda words: True))
    report = in_threads([f"{number}" for number in range(50)], "out.jsonl", concurrency=1, fail_fast=True)
    assert report.failed == 1
    assert len(server.exchanges) == 1


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    for name, text in (("a.csv", "word\nx\n"), ("a.jsonl", '{"word": "x"}\n')):
        (tmp_path / name).write_text(text, encoding="utf-8-sig")
        assert list(READERS[Path(name).suffix](tmp_path / name)) == [{"word": "x"}]


def test_a_refusal_in_a_batch_is_the_text_of_its_row() -> None:
    answer = ChatResponse(choices=[ChatResponseChoice(contents=[RefusalContent(text="I cannot help.")])])
    row = result_from_batch_item(BatchItem(0, answer), "openai", "m-1")
    assert (row.ok, row.entry["text"]) == (True, "I cannot help.")


def test_rows_of_an_earlier_run_are_done_and_those_that_wait_are_not() -> None:
    assert BulkReport(answered=1, failed=2, reused=4, waiting=8).done == 7
    assert [BulkReport(reused=1).ok, BulkReport(failed=1).ok, BulkReport(waiting=1).ok] == [True, False, False]


def test_the_error_of_a_row_has_no_key_in_it() -> None:
    row = result_from_error(ValueError("bad key sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"), "openai", "m-1")
    assert "sk-proj-abcdefghijkl" not in str(row.entry["error"])
    assert str(row.entry["error"]).startswith("ValueError: bad key")


def test_csv_in_and_out_keeps_the_columns(echo: Any, tmp_path: Path) -> None:
    echo(Echo())
    (tmp_path / "in.csv").write_text('id,text\n1,"one, two"\n2,three\n')
    in_threads(tmp_path / "in.csv", "out.csv", prompt="Repeat: {text}")
    with open("out.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["id"], row["text"], row["answer_text"]) for row in rows] == [
        ("1", "one, two", "REPEAT: ONE, TWO"),
        ("2", "three", "REPEAT: THREE"),
    ]


def test_parquet_in_and_out(echo: Any, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    echo(Echo())
    parquet.write_table(pyarrow.table({"word": ["a", "b"], "n": [1, 2]}), tmp_path / "in.parquet")
    in_threads(tmp_path / "in.parquet", "out.parquet", prompt="{word}{n}")
    assert parquet.read_table("out.parquet").column("text").to_pylist() == ["A1", "B2"]


@pytest.mark.parametrize(
    ("name", "content", "reported"),
    [
        ("rows.txt", "a\n", "unknown file type"),
        ("rows.jsonl", '{"word": \n', "line 1, is not JSON"),
        ("rows.jsonl", "[1]\n", "a row is a string or an object"),
        ("rows.jsonl", '{"other": 1}\n', "row 1: the row has no field word; it has other"),
        ("rows.csv", "word,b\n1\n", "line 2: number of fields differs"),
    ],
)
def test_what_is_wrong_with_the_rows_is_named(
    name: str, content: str, reported: str, echo: Any, tmp_path: Path
) -> None:
    server = echo(Echo())
    (tmp_path / name).write_text(content)
    with pytest.raises(ProviderConfigurationError, match=reported):
        in_threads(tmp_path / name, "out.jsonl", prompt="{word}")
    assert not server.exchanges


@pytest.mark.parametrize("template", ["{", "{a.b}", "{a[0]}", "{}", "{0}"])
def test_templates_reach_into_nothing(template: str) -> None:
    with pytest.raises(ProviderConfigurationError):
        PromptTemplate(template)


def test_a_null_in_a_row_is_empty_in_the_prompt() -> None:
    assert PromptTemplate("In French: {text}{n}").fill({"text": None, "n": 0}) == "In French: 0"
    assert PromptTemplate().fill({"prompt": None}) == ""


def test_a_value_that_does_not_fit_its_format_is_an_error_of_the_row() -> None:
    assert PromptTemplate("{n:.1f}").fill({"n": 1.25}) == "1.2"
    for value in (None, "many", []):
        with pytest.raises(ProviderConfigurationError, match="does not fit the format"):
            PromptTemplate("{n:.1f}").fill({"n": value})


@given(st.text(), st.text())
def test_data_in_a_row_is_never_read_as_a_template(before: str, text: str) -> None:
    shown = before.replace("{", "{{").replace("}", "}}")
    assert PromptTemplate(f"{shown}{{text}}").fill({"text": text}) == before + text


@pytest.mark.slow
def test_memory_stays_flat_over_many_rows(echo: Any) -> None:
    server = echo(Echo())

    def rows() -> Iterator[str]:
        for number in range(10_000):
            if number % 100 == 0:
                server.exchanges.clear()  # the fake provider remembers everything it was asked
            yield f"row {number} " + "x" * 2000

    in_threads(["warm"], "warm.jsonl")
    tracemalloc.start()
    report = in_threads(rows(), "out.jsonl", concurrency=8)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert report.answered == 10_000
    # The rows and their answers are 40 MB.
    assert peak < 20_000_000


@RUNS
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"temprature": 1}, "unknown setting 'temprature'; did you mean 'temperature'?"),
        ({"force": True}, "unknown setting 'force'"),
        ({"stream": True}, "this method returns the whole answer"),
    ],
)
def test_a_mistake_in_the_options_fails_before_anything_is_written(
    run: Any, echo: Any, tmp_path: Path, options: dict[str, Any], expected: str
) -> None:
    server = echo(Echo())
    with pytest.raises(ProviderConfigurationError) as refused:
        run(["one", "two"], "answers.jsonl", **options)
    assert expected in str(refused.value)
    assert not server.exchanges
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("run", [run_bulk, lambda *given, **options: asyncio.run(run_bulk_async(*given, **options))])
@pytest.mark.parametrize("client", ["anthropic/claude-sonnet-5", AIModelClient("openai/gpt-5.4-mini")])
def test_what_is_no_client_is_refused_with_the_right_one(
    run: Any, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ProviderConfigurationError, match=r"client must be an A\w*iClient, not \w+: client=A\w*iClient\("
    ):
        run(["one"], "answers.jsonl", client=client)
    assert not list(tmp_path.iterdir())
