"""The contestants of the benchmarks that need no other library read what the server of the benchmarks sends."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.__main__ import SCENARIOS, local_server
from benchmarks.answers import TEXT
from benchmarks.environments import CONTESTANTS, Contestant
from benchmarks.measure import check_text
from benchmarks.table import COLUMNS, best_peer
from benchmarks.turns import Processes, take_turns, turns_in

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


class HereContestant(Contestant):
    """A contestant that runs in the environment of the tests."""

    @property
    def python(self) -> Path:
        return Path(sys.executable)


@pytest.fixture
def processes() -> Iterator[Processes]:
    with Processes() as processes:
        yield processes


def test_contestants_take_turns(processes: Processes, url: str) -> None:
    contestants: list[Contestant] = [
        HereContestant(one.name, one.module, one.needs, one.protocols) for one in HERE[-2:]
    ]
    taken = list(take_turns(processes, contestants, "call_1", url, lambda text: None))
    assert [name for name, _ in taken] == [one.name for one in contestants] * turns_in("call_1")
    for _, sample in taken:
        assert isinstance(sample, dict)
        assert sample["cpu_us"] >= 0
        assert sample["new_connections"] == 0


def test_a_process_is_used_for_the_next_scenario_but_not_for_imports(processes: Processes, url: str) -> None:
    raw_socket = HERE[-1]
    contestant: Contestant = HereContestant("raw socket", raw_socket.module, raw_socket.needs, raw_socket.protocols)

    def process_after(scenario: str) -> int:
        assert all(isinstance(one, dict) for _, one in take_turns(processes, [contestant], scenario, url, str))
        return processes.of(contestant).process.pid

    fresh = [process_after(scenario) for scenario in ("import", "first")]
    same = [process_after(scenario) for scenario in ("call_1", "call_1_async", "stream_1_async")]
    assert fresh[0] != fresh[1]
    assert len(set(same)) == 1


def test_a_contestant_that_fails_has_no_more_turns_in_the_scenario(processes: Processes, url: str) -> None:
    broken: Contestant = HereContestant("broken", "not_there", ("nothing",))
    for _scenario in range(2):
        ((name, sample),) = take_turns(processes, [broken], "call_1", url, lambda text: None)
        assert (name, sample) == ("broken", "ModuleNotFoundError: No module named 'contestants.not_there'")


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
