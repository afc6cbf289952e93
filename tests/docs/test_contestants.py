"""The contestants of the benchmarks that need no other library read what the server of the benchmarks sends."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterator

import pytest
from benchmarks.__main__ import SCENARIOS, local_server
from benchmarks.answers import TEXT
from benchmarks.environments import CONTESTANTS, Contestant
from benchmarks.measure import check_text
from benchmarks.table import COLUMNS, best_peer

HERE = [one for one in CONTESTANTS if one.is_ours or one.module == "raw_socket"]
PAIRS = [pytest.param(one, name, id=f"{one.module} {name}") for one in HERE for name in one.protocols]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with local_server() as url:
        yield url


@pytest.mark.parametrize(("contestant", "protocol"), PAIRS)
def test_a_contestant_reads_calls_and_streams(contestant: Contestant, protocol: str, url: str) -> None:
    module = importlib.import_module(f"benchmarks.contestants.{contestant.module}")
    client = module.client(url, protocol)
    if contestant.protocol_of("call_1"):
        assert module.call(client, protocol) == TEXT
    if contestant.protocol_of("stream_1"):
        check_text(module.stream(client, protocol))
    client.close()


@pytest.mark.parametrize(("contestant", "protocol"), PAIRS)
def test_a_contestant_reads_calls_and_streams_in_async_code(contestant: Contestant, protocol: str, url: str) -> None:
    module = importlib.import_module(f"benchmarks.contestants.{contestant.module}")

    async def read() -> None:
        client = module.async_client(url, protocol)
        if contestant.protocol_of("call_1_async"):
            assert await module.acall(client, protocol) == TEXT
        if contestant.protocol_of("stream_1_async"):
            check_text(await module.astream(client, protocol))
        await client.aclose()

    asyncio.run(read())


def test_each_scenario_is_shown_in_a_column() -> None:
    assert {scenario for scenario, _, _ in COLUMNS} == set(SCENARIOS)


def test_a_contestant_takes_part_where_it_speaks_the_protocol() -> None:
    by_name = {one.name: one for one in CONTESTANTS}
    assert by_name["anthropic"].protocol_of("call_1") == "anthropic"
    assert by_name["anthropic"].protocol_of("stream_1") is None
    assert by_name["openai"].protocol_of("stream_paced_responses") == "responses"
    assert by_name["openai"].protocol_of("call_gemini") is None
    assert by_name["dhenara, chunks"].protocol_of("first") is None
    assert by_name["openai, aiohttp"].protocol_of("call_500") == "chat"
    assert by_name["openai, aiohttp"].protocol_of("call_1") is None


def test_the_best_peer_speaks_the_same_protocol() -> None:
    results = {
        "dhenara": {"call_1": {"cpu_us": 200.0}, "call_anthropic": {"cpu_us": 200.0}},
        "anthropic": {"call_1": {"cpu_us": 300.0}, "call_anthropic": {"cpu_us": 300.0}},
        "openai": {"call_1": {"cpu_us": 400.0}},
    }
    assert best_peer(results, "call_1") == "openai"
    assert best_peer(results, "call_anthropic") == "anthropic"
