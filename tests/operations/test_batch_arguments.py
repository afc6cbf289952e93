"""Every argument of the client's batch methods arrives, in sync and in async code; nothing is sent here."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.pipeline.operations.batch_items import BatchResultsClient
from dhenara.ai.pipeline.operations.batch_jobs import BatchPortion
from dhenara.ai.types import BatchJob
from support.worlds import endpoint

SINCE = datetime(2026, 3, 1, 12, tzinfo=UTC)
REQUEST = {"timeout": 7.0, "retries": 4, "headers": {"x-team": "search"}, "strict": True}


class NotedBatches(BatchResultsClient):
    """Notes what its methods get, with the settings of their request, in place of sending."""

    noted: list[tuple[Any, ...]]

    def note(self, method: str, *given: Any) -> BatchJob:
        config = self.call.config
        request = (config.timeouts.total, config.retries, config.headers, config.strict)
        self.noted.append((method, *given, request))
        return BatchJob(batch_id="b-1")

    async def find(self, *given: Any) -> BatchJob:
        return self.note("find", *given)

    async def wait(self, *given: Any) -> BatchJob:
        return self.note("wait", given[0].batch_id, *given[1:])

    async def refresh(self, job: BatchJob) -> BatchJob:
        return self.note("refresh", job.batch_id)

    async def cancel(self, job: BatchJob) -> BatchJob:
        return self.note("cancel", job.batch_id)

    async def items(self, job: BatchJob) -> Any:
        self.note("items", job.batch_id)
        return SimpleNamespace(abandon=lambda: None)

    async def results(self, items: Any) -> Any:
        return self.note("results")

    async def submit_portion(self, portion: BatchPortion, name: str | None) -> BatchJob:
        lines = b"".join(portion.spool)
        portion.spool.close()
        return self.note("submit", name, lines)


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    noted: list[tuple[Any, ...]] = []
    monkeypatch.setattr(NotedBatches, "noted", noted, raising=False)
    monkeypatch.setattr("dhenara.ai.pipeline.operations.batch_items.BatchResultsClient", NotedBatches)
    return noted


async def call_async(client: AIModelClient, method: str, given: tuple[Any, ...], options: dict[str, Any]) -> None:
    made = await getattr(client, f"{method}_async")(*given, **options)
    if method == "submit_batches":
        assert [job.batch_id async for job in made] == ["b-1"]


def call(is_async: bool, method: str, *given: Any, **options: Any) -> None:
    with AIModelClient(endpoint("http://127.0.0.1:9")) as client:
        if is_async:
            asyncio.run(call_async(client, method, given, options))
            return
        made = getattr(client, method)(*given, **options)
        if method == "submit_batches":
            assert [job.batch_id for job in made] == ["b-1"]


BOTH = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])


@BOTH
@pytest.mark.parametrize(
    ("method", "given", "options", "expected"),
    [
        (
            "find_batch",
            ("mine",),
            {"since": SINCE, "total": 3, "wait": 5.0},
            [("find", "mine", SINCE, 3, 5.0)],
        ),
        ("find_batch", ("mine",), {}, [("find", "mine", None, None, 86_400.0)]),
        ("wait_for_batch", ("b-2",), {"wait": 5.0, "every": 0.5}, [("wait", "b-2", 5.0, 0.5)]),
        ("wait_for_batch", ("b-2",), {}, [("wait", "b-2", 86_400.0, None)]),
        ("get_batch", ("b-2",), {}, [("refresh", "b-2")]),
        ("cancel_batch", ("b-2",), {}, [("cancel", "b-2")]),
        ("batch_items", ("b-2",), {}, [("items", "b-2")]),
        ("batch_results", ("b-2",), {}, [("items", "b-2"), ("results",)]),
    ],
)
def test_arguments_and_settings_of_the_request_arrive(
    is_async: bool,
    method: str,
    given: tuple[Any, ...],
    options: dict[str, Any],
    expected: list[tuple[Any, ...]],
    noted: list[tuple[Any, ...]],
) -> None:
    call(is_async, method, *given, **options, **REQUEST)
    assert noted == [(*one, (7.0, 4, {"x-team": "search"}, True)) for one in expected]


@BOTH
@pytest.mark.parametrize("method", ["submit_batch", "submit_batches"])
def test_arguments_of_a_submission_arrive(is_async: bool, method: str, noted: list[tuple[Any, ...]]) -> None:
    announced: list[tuple[str | None, int]] = []
    more: dict[str, Any] = {}
    if method == "submit_batches":
        more["on_submit"] = lambda name, count: announced.append((name, count))
    call(is_async, method, ["a", "b"], instructions="Be brief.", name="mine", temperature=0.5, **REQUEST, **more)
    ((kind, name, body, request),) = noted
    own = "mine" if method == "submit_batch" else "mine-0"
    assert (kind, name, request) == ("submit", own, (7.0, 4, {"x-team": "search"}, True))
    assert (body.count(b"Be brief."), body.count(b'"temperature":0.5')) == (2, 2)
    assert announced == ([] if method == "submit_batch" else [("mine-0", 2)])
