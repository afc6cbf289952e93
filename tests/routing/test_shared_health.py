"""Processes with one store, in simulated time: what one finds out, the others know within a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dhenara.ai import SharedRest
from dhenara.ai.errors import RateLimitError
from support.simulated_routes import Simulation, Timeline, answers, fails, in_turn


class SharedMemory:
    """A store as processes share it, in the time of a simulation."""

    blocking = False

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.rests: dict[str, tuple[float, SharedRest]] = {}
        self.probes: dict[str, float] = {}
        self.reads = 0
        self.works = True

    def read(self, keys: Sequence[str]) -> Mapping[str, SharedRest] | None:
        self.reads += 1
        if not self.works:
            return None
        now = self.timeline.now
        return {
            key: SharedRest(until - now, rest.failures, rest.kind, rest.reason)
            for key, (until, rest) in self.rests.items()
            if key in keys
        }

    def rest(self, key: str, rest: SharedRest) -> None:
        if self.works:
            self.rests[key] = self.timeline.now + rest.seconds, rest

    def recover(self, key: str) -> None:
        if self.works:
            self.rests[key] = self.timeline.now, SharedRest(0.0, 0, "server", "")

    def claim_probe(self, key: str, seconds: float) -> bool:
        if not self.works:
            return True
        claimed = self.timeline.now < self.probes.get(key, 0.0)
        self.probes[key] = max(self.probes.get(key, 0.0), self.timeline.now + seconds)
        return not claimed


def limited() -> RateLimitError:
    return RateLimitError("slow down", status=429, retry_after=30.0)


def test_what_one_process_finds_out_others_know_within_a_second() -> None:
    timeline = Timeline()
    store = SharedMemory(timeline)
    first = Simulation([["a"], ["b"]], {"a": fails(limited), "b": answers()}, timeline=timeline, store=store)
    second = Simulation([["a"], ["b"]], {"a": fails(limited), "b": answers()}, timeline=timeline, store=store)
    first.ask_at(0)
    second.ask_at(*[1.2 + number for number in range(25)])
    timeline.run()
    assert [*second.deployments_called()] == ["b"] * 25


def test_one_call_of_all_processes_is_the_probe() -> None:
    timeline = Timeline()
    store = SharedMemory(timeline)
    clients = [
        Simulation([["a"], ["b"]], {"a": in_turn(fails(limited), answers(5.0)), "b": answers()}, timeline=timeline,
                   store=store)
        for _ in range(4)
    ]  # fmt: skip
    for number, client in enumerate(clients):
        client.ask_at(0, *[32 + number / 10 + step for step in range(3)])
    timeline.run()
    probes = [one for client in clients for one in client.requests if one.index == 0 and 31 < one.at < 37]
    assert [one.state for one in probes] == ["probing"]


def test_an_answer_to_the_probe_of_one_process_is_known_to_all() -> None:
    timeline = Timeline()
    store = SharedMemory(timeline)
    first = Simulation([["a"], ["b"]], {"a": in_turn(fails(limited), answers()), "b": answers()}, timeline=timeline,
                       store=store)  # fmt: skip
    second = Simulation([["a"], ["b"]], {"a": answers(), "b": answers()}, timeline=timeline, store=store)
    first.ask_at(0, 31)
    second.ask_at(5, 33)
    timeline.run()
    assert [*second.deployments_called()] == ["b", "a"]


def test_a_store_that_lost_its_contents_gets_them_again() -> None:
    """A server that was started anew is empty, which does not mean that anything answered."""
    timeline = Timeline()
    store = SharedMemory(timeline)
    first = Simulation([["a"], ["b"]], {"a": fails(limited), "b": answers()}, timeline=timeline, store=store)
    second = Simulation([["a"], ["b"]], {"a": fails(limited), "b": answers()}, timeline=timeline, store=store)

    async def lose() -> None:
        store.rests.clear()

    first.ask_at(0, 6, 8, 10)
    timeline.start(lose(), 5)
    second.ask_at(7.5, 9.5)
    timeline.run()
    assert [*first.deployments_called()] == ["a", "b", "b", "b", "b"]
    assert [*second.deployments_called()] == ["b", "b"]


def test_the_store_is_read_once_a_second_at_most() -> None:
    timeline = Timeline()
    store = SharedMemory(timeline)
    client = Simulation([["a"]], {"a": answers()}, timeline=timeline, store=store)
    client.ask_at(*[number / 100 for number in range(1000)])
    timeline.run()
    assert store.reads <= 11


def test_while_the_store_fails_each_process_goes_by_what_it_sees() -> None:
    timeline = Timeline()
    store = SharedMemory(timeline)
    store.works = False
    client = Simulation([["a"], ["b"]], {"a": in_turn(fails(limited), answers()), "b": answers()}, timeline=timeline,
                        store=store)  # fmt: skip
    client.ask_at(0, 10, 20, 31, 32)
    timeline.run()
    assert [*client.deployments_called()] == ["a", "b", "b", "b", "a", "a"]
