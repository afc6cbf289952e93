"""The soak, bounded by counts: enough to see what grows with each stream or call."""

from __future__ import annotations

import asyncio

import pytest

from .soak import check, faulty_server, soak_calls, soak_streams


@pytest.mark.slow
def test_streams_with_faults_leave_nothing_behind() -> None:
    with faulty_server() as url:
        report = asyncio.run(soak_streams(url, 100, seconds=None, each=12))
    assert report.done == 1_200
    check(report, 100, growth=16)


@pytest.mark.slow
def test_calls_of_many_threads_leave_nothing_behind() -> None:
    with faulty_server() as url:
        report = soak_calls(url, 16, 3_000)
    assert report.done == 3_000
    check(report, 16, growth=16)
