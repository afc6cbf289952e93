"""Searches and sessions of tools that providers ran: read from every recorded report, else counted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from dhenara.ai.response.builder import with_tool_units
from dhenara.ai.types import ServerToolContent, Usage
from support.corpus import Exchange, body_bytes, read
from support.protocols import PROTOCOLS, Recorded


def recorded(codec: str, marks: str) -> list[Any]:
    """The recordings of a protocol whose body has one of these words."""
    recordings = [
        pytest.param(protocol, one, id=one["id"][-90:].replace("/", "."))
        for protocol in PROTOCOLS
        if protocol.codec == codec
        for one in protocol.exchanges(
            lambda e: e["expected"]["kind"] == "generate" and bool(re.search(marks.encode(), body_bytes(e)))
        )
    ]
    skip = pytest.mark.skip(reason="the recorded traffic is not available")
    return recordings or [pytest.param(None, None, marks=skip)]


def documents(exchange: Exchange) -> list[Any]:
    body = body_bytes(exchange).decode()
    if not exchange["stream"]:
        return [json.loads(body)]
    lines = (line.removeprefix("data:").strip() for line in body.splitlines() if line.startswith("data:"))
    return [json.loads(line) for line in lines if line.startswith("{")]


def objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from objects(one)
    elif isinstance(value, list):
        for one in value:
            yield from objects(one)


def usage_of(protocol: Recorded, exchange: Exchange) -> Usage:
    return read(protocol.load(), protocol.quirks, exchange).response().usage


@pytest.mark.parametrize(("protocol", "exchange"), recorded("anthropic", "web_search_requests"))
def test_searches_that_anthropic_reports_are_units(protocol: Recorded, exchange: Exchange) -> None:
    reports = [one["web_search_requests"] for one in objects(documents(exchange)) if "web_search_requests" in one]
    usage = usage_of(protocol, exchange)
    assert usage.units.get("web_searches", 0) == reports[-1]
    assert "web_searches" not in usage.counted


@pytest.mark.parametrize(("protocol", "exchange"), recorded("openai_responses", "(web_search|code_interpreter)_call"))
def test_searches_and_containers_of_responses_are_units(protocol: Recorded, exchange: Exchange) -> None:
    every = list(objects(documents(exchange)))
    final = [one for one in every if isinstance(one.get("output"), list) and isinstance(one.get("usage"), dict)]
    if not final:
        pytest.skip("the recording has no final response")
    items = [item for item in final[-1]["output"] if isinstance(item, dict)]
    reported = final[-1]["usage"].get("server_side_tool_usage_details")
    searches = [one for one in items if one.get("type") == "web_search_call"]
    made = sum(1 for one in searches if (one.get("action") or {}).get("type", "search") == "search")
    reported_searches = (final[-1].get("tool_usage") or {}).get("web_search", {}).get("num_requests")
    ran = [one for one in items if one.get("type") == "code_interpreter_call"]
    containers = {one["container_id"] for one in ran if "container_id" in one}
    units = usage_of(protocol, exchange).units
    if reported is not None:
        assert units.get("web_searches", 0) == reported["web_search_calls"]
        assert units.get("code_sessions", 0) == reported["code_interpreter_calls"]
    else:
        assert units.get("web_searches", 0) == (made if reported_searches is None else reported_searches)
        assert not containers or units["code_sessions"] == len(containers)


def called(name: str, **data: Any) -> ServerToolContent:
    return ServerToolContent(name=name, data=data)


@pytest.mark.parametrize(
    ("calls", "units"),
    [
        ([called("web_search"), called("web_search_tool_result")], {"web_searches": 1}),
        ([called("web_search_call", action={"type": "open_page"}), called("web_search_call")], {"web_searches": 1}),
        ([called("google_search_call"), called("nova_grounding")], {"web_searches": 2}),
        ([called("search", search_results={"results": []})], {"web_searches": 1}),
        ([called("x_keyword_search"), called("view_x_video")], {"social_searches": 2}),
        ([called("max_x_search"), called("web_search_call", action="search")], {"web_searches": 1}),
        ([called("web_search_call", action={"query": "x"})], {"web_searches": 1}),
        (
            [called("file_search_call"), called("collections_search"), called("document_search")],
            {"storage_searches": 3},
        ),
        (
            [called("code_interpreter_call", container_id=one) for one in "aba"] + [called("web_search_call")] * 2,
            {"code_sessions": 2, "web_searches": 2},
        ),
        ([called("code_interpreter_call", container_id="c")] * 3, {"code_sessions": 1}),
        ([called("code_interpreter_call")] * 2, {"code_sessions": 1}),
        ([called("image_generation_call")] * 2, {"image_generations": 2}),
        ([called("web_search", type="mcp_tool_use"), called("search"), called("bash"), called("web_fetch")], {}),
    ],
)
def test_calls_are_counted_by_the_unit_that_is_billed(calls: list[ServerToolContent], units: dict[str, float]) -> None:
    usage = with_tool_units(Usage(input_tokens=1), calls)
    assert (usage.units, set(usage.counted)) == (units, set(units))


def test_a_reported_unit_is_not_counted_again_also_if_it_is_zero() -> None:
    reported = Usage(server_tool_requests={"web_search_requests": 0, "web_fetch_requests": 3})
    assert with_tool_units(reported, [called("web_search")]).units == {}
    mixed = Usage(server_tool_requests={"web_search_calls": 2, "x_search_calls": 1})
    usage = with_tool_units(mixed, [called("web_search_call"), called("file_search_call")])
    assert usage.units == {"web_searches": 2, "social_searches": 1, "storage_searches": 1}
    assert usage.counted == ("storage_searches",)


def test_a_usage_without_tools_is_the_same_object() -> None:
    usage = Usage(input_tokens=1, units={"images": 2})
    assert with_tool_units(usage, []) is usage
    assert with_tool_units(usage, [called("bash")]) is usage


def test_a_unit_that_the_usage_has_is_not_counted_again() -> None:
    usage = Usage(input_tokens=1, units={"web_searches": 5}, counted=("images",))
    searched = with_tool_units(usage, [called("web_search"), called("file_search_call")])
    assert searched.units == {"web_searches": 5, "storage_searches": 1}
    assert searched.counted == ("images", "storage_searches")


def test_several_reports_of_one_unit_are_added() -> None:
    reported = Usage(server_tool_requests={"web_search_requests": 2, "browser_search": 1})
    assert with_tool_units(reported, []).units == {"web_searches": 3}


def test_an_unknown_usage_stays_unknown() -> None:
    unknown = Usage.unknown()
    assert with_tool_units(unknown, [called("web_search")]) is unknown
