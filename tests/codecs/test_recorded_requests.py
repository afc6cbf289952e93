"""Recorded requests are encoded as they were sent, or differ for a listed reason."""

from __future__ import annotations

from typing import Any

import pytest

from support.corpus import CORPUS, Exchange
from support.request_readers.call_reader import CallReader
from support.request_readers.reasons import REASONS
from support.request_readers.recorded import APIS, compared, requested

SKIP = pytest.mark.skip(reason="the recorded traffic is not available")
REQUESTS: list[Any] = [
    pytest.param(protocol, exchange, call, id=f"{protocol}-{exchange['id'][-100:]}".replace("/", "."))
    for protocol in APIS
    for exchange, call in requested(protocol).provided
] or [pytest.param(None, None, None, marks=SKIP)]
# Kinds of parts that only one provider has, and that are not a part of any answer of its own.
ONLY_THERE = {"tool_reference", "container_upload", "tool_addition", "tool_search_output", "additional_tools"}
EACH = pytest.mark.parametrize(
    "protocol", [name if CORPUS.is_dir() else pytest.param(name, marks=SKIP) for name in APIS]
)


@pytest.mark.parametrize(("protocol", "exchange", "call"), REQUESTS)
def test_encoded_requests_equal_recorded_requests(protocol: str, exchange: Exchange, call: CallReader) -> None:
    actual = compared(protocol, exchange, call)
    assert [one for one in actual if not any(reason.explains(one) for reason in REASONS[protocol])] == []


@EACH
def test_most_recorded_requests_are_expressible(protocol: str) -> None:
    assert len(requested(protocol).provided) >= 20
    assert {part for _, part in requested(protocol).unsaid} <= ONLY_THERE


@EACH
def test_every_skip_reason_is_used(protocol: str) -> None:
    actual = [one for exchange, call in requested(protocol).provided for one in compared(protocol, exchange, call)]
    idle = [reason for reason in REASONS[protocol] if not any(reason.explains(one) for one in actual)]
    assert idle == []
