"""Every growth line of the benchmarks can be measured, with the numbers that its page shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from benchmarks import growth
from benchmarks.growth import LINES, growth_server
from benchmarks.growth_lines import MEASURES, Items, client as client_of, store

from dhenara.ai import AIModelClient
from support.counted_calls import count_calls

SIZES = {
    "turns": 20,
    "tool_turns": 20,
    "prompt": 1,
    "ledger": 1_000,
    "pictures": 1,
    "processes": 1,
    "redis": 1,
    "first_text": 2,
    "open_streams": 2,
}
SMALL = 100


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with growth_server() as url:
        yield url


@pytest.mark.parametrize("name", LINES)
def test_a_line_is_measured_with_the_numbers_that_are_shown(name: str, url: str) -> None:
    values = MEASURES[name](SIZES.get(name, SMALL), url)
    assert values.keys() == LINES[name].values.keys()
    assert all(value >= 0 for key, value in values.items() if key not in ("mb", "kb"))


def read_text(client: AIModelClient) -> int:
    return sum(1 for _ in client.generate("?", streaming=True).text_stream)


def read_arguments(client: AIModelClient) -> int:
    stream = client.generate("?", streaming=True, tools=[store]).sync_stream_generator
    return sum(1 for chunk, _ in stream if chunk is not None)


def read_objects(client: AIModelClient) -> int:
    stream, count = client.generate("?", streaming=True, structured_output=Items).sync_stream_generator, 0
    for _ in stream:
        stream.partial_output()
        count += 1
    return count


READ: dict[str, Callable[[AIModelClient], int]] = {
    "text": read_text,
    "arguments": read_arguments,
    "object": read_objects,
}


@pytest.mark.parametrize("kind", READ)
def test_one_more_piece_costs_no_more_calls_when_there_are_many(kind: str, url: str) -> None:
    def count(size: int) -> tuple[int, int]:
        with client_of(url, kind, size) as client:
            pieces = READ[kind](client)
            return pieces, count_calls(lambda: READ[kind](client)).every

    (few, first), (more, second), (many, third) = map(count, (2_000, 4_000, 12_000))
    assert (third - second) / (many - more) < 1.1 * (second - first) / (more - few)


def test_a_stored_run_has_only_lines_of_the_same_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "measure", lambda line, size, url: dict.fromkeys(LINES[line].values, 1.0))
    stored, state = tmp_path / "growth.json", ["one"]
    monkeypatch.setattr(growth, "sources", lambda: state[0])
    for wanted, smallest, largest in ((["stream"], 10_000, 10_000), (["stream"], 0, 1_000), (["processes"], 0, 1)):
        growth.collect(wanted, smallest, largest, {"date": "today"}, stored)
    assert growth.GrowthRun.load(stored) == growth.GrowthRun(
        {"sources": "one", "date": "today"},
        {
            "stream": {size: {"us": 1.0, "mb": 1.0} for size in ("1000", "10000")},
            "processes": {"1": {"us": 1.0, "wall_us": 1.0}},
        },
    )
    state[0] = "another"
    growth.collect(["redis"], 0, 1, {"date": "today"}, stored)
    assert growth.GrowthRun.load(stored).lines.keys() == {"redis"}
