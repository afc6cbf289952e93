"""Results of batches, against a pipeline that returns what a test says: restarts, pages, names and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from dhenara.ai.codecs.operations.batches import BatchResult
from dhenara.ai.errors import BrokenStreamError, CallError, ServerError
from dhenara.ai.io.sync_io import run
from dhenara.ai.pipeline.operations import batch_items
from dhenara.ai.pipeline.operations.batch_items import BatchItemReader, BatchResultLines, BatchResultsClient
from dhenara.ai.types import AIModelCallConfig, BatchJob, Call
from dhenara.ai.types.chat.cost import Cost
from dhenara.ai.types.chat.delta import ResultDelta
from dhenara.ai.types.content.parts import Origin
from dhenara.ai.types.operations.batch import BatchLine, BatchPage
from support.worlds import endpoint

SUBMITTED = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Lines:
    """A download of result lines, one a read."""

    def __init__(self, lines: Sequence[Any]) -> None:
        self.lines = list(lines)
        self.is_closed = False

    async def pull(self) -> list[ResultDelta] | None:
        if not self.lines:
            return None
        line = self.lines.pop(0)
        if isinstance(line, Exception):
            raise line
        return [ResultDelta(BatchLine(result=line))]

    async def close(self) -> None:
        self.is_closed = True


class Batches:
    """Stands for the pipelines of a batch; `downloads` are returned in turn, the last one again and again."""

    def __init__(self, *downloads: Any, location: str = "address", named: bool = False) -> None:
        self.downloads = list(downloads)
        self.requests = 0
        self.codec: Any = SimpleNamespace(results_location=location, entry=lambda line, position: line, named=named)
        origin = Origin(provider="openai", model="m-1", protocol="openai")
        target = SimpleNamespace(
            origin=origin,
            codec=SimpleNamespace(error=lambda head, body: ServerError("no", status=head.status)),
            quirks=None,
            endpoint=endpoint("http://localhost"),
            base_url="http://localhost",
        )
        self.own: Any = self
        self.target = target
        self.chat: Any = SimpleNamespace(target=target)
        self.quirks: Any = SimpleNamespace(price_share="0.5")
        self.io: Any = SimpleNamespace(monotonic=lambda: 0.0, time=lambda: 0.0)
        self.call = Call(endpoint=target.endpoint, messages=(), config=AIModelCallConfig(), operation="batches")
        self.waited: list[BatchJob] = []

    def next_download(self) -> Any:
        self.requests += 1
        return self.downloads.pop(0) if len(self.downloads) > 1 else self.downloads[0]

    async def start(self, call: Call) -> Any:
        return self.next_download()

    async def perform(self, call: Call, kind: type) -> Any:
        return self.next_download()

    async def read_result(self, call: Call, stream: Any, kind: type) -> Any:
        return stream

    def _request_call(self, request: Any) -> Call:
        return self.call

    async def notify_layers(self, call: Call, send: Any) -> None: ...

    async def wait(self, job: BatchJob, longest: float, every: object) -> BatchJob:
        self.waited.append(job)
        return job


def job(total: int = 2, **more: Any) -> BatchJob:
    return BatchJob(batch_id="b1", total=total, state=more.pop("state", "done"), **more)


def item_of(entry: BatchResult, **more: Any) -> Any:
    batches: Any = Batches(Lines([entry]))
    return run(BatchItemReader(batches, job(1, **more)).next_item())


def test_a_download_that_breaks_is_begun_three_times() -> None:
    batches: Any = Batches(*(Lines([BrokenStreamError("cut")]) for _ in range(5)))
    with pytest.raises(BrokenStreamError):
        run(BatchResultLines(batches, job()).next_line())
    assert batches.requests == 3


def test_results_that_arrive_again_are_left_out() -> None:
    def error(number: int) -> BatchResult:
        return BatchResult(f"call-{number}", {}, 500)

    batches: Any = Batches(Lines([error(0), BrokenStreamError("cut")]), Lines([error(0), error(1)]))
    reader = BatchItemReader(batches, job())
    items = [run(reader.next_item()) for _ in range(3)]
    assert [one and one.index for one in items] == [0, 1, None]


def test_pages_of_results_are_read_to_the_last_one() -> None:
    pages = [BatchPage(lines=["a"], cursor="next"), BatchPage(lines=["b"]), BatchPage(lines=["never"])]
    batches: Any = Batches(*pages, location="pages")
    lines = BatchResultLines(batches, job())
    assert [run(lines.next_line()) for _ in range(4)] == ["a", "b", None, None]
    assert batches.requests == 2


@pytest.mark.parametrize(("name", "is_listed"), [("mine", True), ("min", False), ("mine-1", False)])
def test_a_name_is_read_from_the_first_key_and_the_download_is_closed(name: str, is_listed: bool) -> None:
    download = Lines([BatchResult("mine-1", {}), BatchResult("mine-2", {})])
    batches: Any = Batches(download)
    assert run(BatchItemReader(batches, job()).has_name(name)) == is_listed
    assert download.is_closed


@pytest.mark.parametrize(("total", "waits"), [(None, 1), (2, 1), (3, 0)])
def test_batches_of_another_size_are_not_waited_for(total: int | None, waits: int) -> None:
    batches: Any = Batches(Lines([BatchResult("mine-1", {})]))
    assert run(batch_items.has_name(batches, job(2), "mine", total, 60)) == bool(waits)
    assert len(batches.waited) == waits


@pytest.mark.parametrize(("minutes", "is_listed"), [(-6, False), (-4, True), (4, True)])
def test_clocks_may_differ_by_five_minutes(minutes: int, is_listed: bool) -> None:
    created = job(0, name="mine", created_at=SUBMITTED + timedelta(minutes=minutes))
    batches: Any = Batches(BatchPage(jobs=(created,)), named=True)
    listed = run(BatchResultsClient.find(batches, "mine", SUBMITTED, 7, 60))
    assert (listed is not None) == is_listed
    if listed is not None:
        assert (listed.total, listed.protocol) == (7, "openai")


def test_a_batch_that_failed_before_its_first_result_is_one_error() -> None:
    batches: Any = Batches(Lines([]))
    with pytest.raises(ServerError, match="the batch b1 failed: too large"):
        run(BatchItemReader(batches, job(state="failed", reason="too large")).next_item())


def test_a_batch_that_failed_later_has_an_error_for_each_call_without_a_result() -> None:
    batches: Any = Batches(Lines([BatchResult("call-1", {}, 500)]))
    reader = BatchItemReader(batches, job(3, state="failed"))
    items = [run(reader.next_item()) for _ in range(4)]
    assert [one and one.index for one in items] == [1, 0, 2, None]
    assert all(isinstance(one.error, CallError) for one in items[:3])


@pytest.mark.parametrize(
    ("entry", "status"), [(BatchResult("c-0", {}, 429), 429), (BatchResult("c-0", None, 202), 202)]
)
def test_the_error_of_an_item_has_its_status_provider_and_model(entry: BatchResult, status: int) -> None:
    error = item_of(entry).error
    assert (error.status, error.provider, error.model) == (status, "openai", "m-1")


def test_answers_are_priced_by_the_day_on_which_the_batch_was_created(monkeypatch: pytest.MonkeyPatch) -> None:
    days: list[datetime] = []

    def price(endpoint: Any, answer: Any, at: datetime, base_url: str, share: str) -> Cost:
        days.append(at)
        return Cost()

    monkeypatch.setattr(batch_items, "batch_price", price)
    for created in (SUBMITTED, None):
        batches: Any = Batches(Lines([]))
        BatchItemReader(batches, job(created_at=created))._price(SimpleNamespace())  # type: ignore[arg-type]
    assert days == [SUBMITTED, datetime.fromtimestamp(0, UTC)]
