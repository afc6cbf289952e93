"""Measures one contestant, in a process of its own environment; prints a JSON object for each line that it reads.

python measure.py CONTESTANT

Contestants take turns: each line, `SCENARIO URL PROTOCOL`, is a turn, in which the work is done once unmeasured,
because other processes have used the caches of the processor meanwhile, and then measured. All async scenarios share
an event loop, as in a program that runs for long.
"""

import functools
import importlib
import json
import pathlib
import statistics
import sys
import time

TOKENS = 500
TEXT_LENGTH = sum(len(f" word{number % 97}") for number in range(TOKENS))
GROUP = 15
"""Calls that are timed together, because the clock of a process is coarse."""


def load(name):
    return importlib.import_module(f"contestants.{name}")


def resident():
    """Megabytes of memory that the process holds now."""
    status = pathlib.Path("/proc/self/status")
    if not status.exists():
        return 0.0
    return int(status.read_text().split("VmRSS:")[1].split()[0]) / 1024


def connections(url):
    """How many connections the server has accepted so far, without this one."""
    from urllib.request import urlopen

    with urlopen(f"{url}/connections") as response:
        return int(response.read()) - 1


def check_text(length):
    if length != TEXT_LENGTH:
        raise SystemExit(f"read {length} characters of text instead of {TEXT_LENGTH}")


def import_client(name, url, protocol):
    """What a user imports, and a client made of it."""
    before, memory = time.process_time(), resident()
    contestant = load(name)
    imported = time.process_time()
    _client = contestant.client(url, protocol)
    usable = time.process_time()
    yield {
        "cpu_ms": (imported - before) * 1e3,
        "usable_ms": (usable - before) * 1e3,
        "memory_mb": resident() - memory,
    }


def first(name, url, protocol):
    """Import and first call, with the start of the interpreter."""
    memory = resident()
    contestant = load(name)
    contestant.call(contestant.client(url, protocol), protocol)
    yield {"cpu_ms": time.process_time() * 1e3, "memory_mb": resident() - memory}


def stream_one(name, url, protocol):
    contestant = load(name)
    client = contestant.client(url, protocol)
    while True:
        check_text(contestant.stream(client, protocol))
        before = time.process_time()
        check_text(contestant.stream(client, protocol))
        yield {"cpu_us": (time.process_time() - before) / TOKENS * 1e6}


def stream_paced(name, url, protocol):
    """The pauses are longer than what another process does to the caches."""
    contestant = load(name)
    client = contestant.client(url, protocol)
    check_text(contestant.stream(client, protocol))
    while True:
        before = time.process_time()
        check_text(contestant.stream(client, protocol))
        yield {"cpu_us": (time.process_time() - before) / TOKENS * 1e6}


def streams_async(name, url, protocol, in_flight):
    import asyncio

    contestant = load(name)

    async def read(client):
        lengths = await asyncio.gather(*(contestant.astream(client, protocol) for _ in range(in_flight)))
        for length in lengths:
            check_text(length)

    async def turn(client):
        check_text(await contestant.astream(client, protocol))
        before = time.process_time()
        await read(client)
        return {"cpu_us": (time.process_time() - before) / in_flight / TOKENS * 1e6}

    runner = event_loop()
    client = runner.run(made(contestant, url, protocol))
    while True:
        yield runner.run(turn(client))


def call_one(name, url, protocol):
    contestant = load(name)
    client = contestant.client(url, protocol)
    while True:
        for _ in range(5):
            contestant.call(client, protocol)
        opened = connections(url) + 1
        waits, before = [], time.process_time()
        for _ in range(GROUP):
            started = time.perf_counter()
            contestant.call(client, protocol)
            waits.append(time.perf_counter() - started)
        yield {
            "cpu_us": (time.process_time() - before) / GROUP * 1e6,
            "latency_ms": statistics.median(waits) * 1e3,
            "new_connections": connections(url) - opened,
        }


def calls_async(name, url, protocol, in_flight):
    import asyncio

    contestant = load(name)
    at_once = max(1, GROUP // in_flight)

    async def turn(client):
        waits = []

        async def timed():
            started = time.perf_counter()
            await contestant.acall(client, protocol)
            waits.append(time.perf_counter() - started)

        await asyncio.gather(*(contestant.acall(client, protocol) for _ in range(in_flight)))
        opened = connections(url) + 1
        before = time.process_time()
        for _ in range(at_once):
            await asyncio.gather(*(timed() for _ in range(in_flight)))
        return {
            "cpu_us": (time.process_time() - before) / at_once / in_flight * 1e6,
            "latency_ms": statistics.median(waits) * 1e3,
            "new_connections": connections(url) - opened,
        }

    runner = event_loop()
    client = runner.run(made(contestant, url, protocol))
    while True:
        yield runner.run(turn(client))


@functools.cache
def event_loop():
    """The one event loop of the process; importing asyncio is not part of what is measured of synchronous code."""
    import asyncio

    return asyncio.Runner()


async def made(contestant, url, protocol):
    """An async client, made where its event loop runs."""
    return contestant.async_client(url, protocol)


def measure(scenario, name, url, protocol):
    match scenario:
        case "import":
            return import_client(name, url, protocol)
        case "first":
            return first(name, url, protocol)
        case "stream_200":
            return streams_async(name, url, protocol, 200)
        case "call_1" | "call_responses" | "call_anthropic" | "call_gemini":
            return call_one(name, url, protocol)
        case "call_1_async":
            return calls_async(name, url, protocol, 1)
        case "call_500":
            return calls_async(name, url, protocol, 500)
        case _ if scenario.startswith("stream_paced"):
            return stream_paced(name, url, protocol)
        case _ if scenario.endswith("_async"):
            return streams_async(name, url, protocol, 1)
    return stream_one(name, url, protocol)


def take_turns(name, lines):
    """What each line asks for; the client is kept as long as the lines are the same."""
    last, turns = None, None
    for line in lines:
        if line != last:
            scenario, url, protocol = line.split()
            last, turns = line, measure(scenario, name, url, protocol)
        yield next(turns)


if __name__ == "__main__":
    for sample in take_turns(sys.argv[1], sys.stdin):
        sys.stdout.write("\n" + json.dumps(sample) + "\n")
        sys.stdout.flush()
