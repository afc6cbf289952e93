"""One measurement of one contestant, in a fresh process of its own environment; prints a JSON object.

python measure.py SCENARIO CONTESTANT URL PROTOCOL
"""

import importlib
import json
import pathlib
import statistics
import sys
import time

TOKENS = 500
TEXT_LENGTH = sum(len(f" word{number % 97}") for number in range(TOKENS))
CALLS = 150
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
    return {
        "cpu_ms": (imported - before) * 1e3,
        "usable_ms": (usable - before) * 1e3,
        "memory_mb": resident() - memory,
    }


def first(name, url, protocol):
    """Import and first call, with the start of the interpreter."""
    memory = resident()
    contestant = load(name)
    contestant.call(contestant.client(url, protocol), protocol)
    return {"cpu_ms": time.process_time() * 1e3, "memory_mb": resident() - memory}


def stream_one(name, url, protocol, rounds):
    contestant = load(name)
    client = contestant.client(url, protocol)
    check_text(contestant.stream(client, protocol))
    spent = []
    for _ in range(rounds):
        before = time.process_time()
        check_text(contestant.stream(client, protocol))
        spent.append((time.process_time() - before) / TOKENS * 1e6)
    return {"cpu_us": spent}


async def stream_async(name, url, protocol, rounds):
    contestant = load(name)
    client = contestant.async_client(url, protocol)
    check_text(await contestant.astream(client, protocol))
    spent = []
    for _ in range(rounds):
        before = time.process_time()
        check_text(await contestant.astream(client, protocol))
        spent.append((time.process_time() - before) / TOKENS * 1e6)
    return {"cpu_us": spent}


async def stream_many(name, url, protocol, in_flight):
    import asyncio

    contestant = load(name)
    client = contestant.async_client(url, protocol)
    check_text(await contestant.astream(client, protocol))
    before = time.process_time()
    lengths = await asyncio.gather(*(contestant.astream(client, protocol) for _ in range(in_flight)))
    used = time.process_time() - before
    for length in lengths:
        check_text(length)
    return {"cpu_us": used / in_flight / TOKENS * 1e6}


def call_one(name, url, protocol, rounds):
    contestant = load(name)
    client = contestant.client(url, protocol)
    for _ in range(5):
        contestant.call(client, protocol)
    opened = connections(url) + 1
    spent, waits = [], []
    for _ in range(rounds // GROUP):
        before = time.process_time()
        for _ in range(GROUP):
            started = time.perf_counter()
            contestant.call(client, protocol)
            waits.append(time.perf_counter() - started)
        spent.append((time.process_time() - before) / GROUP * 1e6)
    return {
        "cpu_us": spent,
        "latency_ms": statistics.median(waits) * 1e3,
        "new_connections": connections(url) - opened,
    }


async def call_async(name, url, protocol, in_flight, rounds):
    import asyncio

    contestant = load(name)
    client = contestant.async_client(url, protocol)
    await asyncio.gather(*(contestant.acall(client, protocol) for _ in range(in_flight)))
    waits = []

    async def timed():
        started = time.perf_counter()
        await contestant.acall(client, protocol)
        waits.append(time.perf_counter() - started)

    opened = connections(url) + 1
    spent, at_once = [], max(1, GROUP // in_flight)
    for _ in range(rounds // at_once):
        before = time.process_time()
        for _ in range(at_once):
            await asyncio.gather(*(timed() for _ in range(in_flight)))
        spent.append((time.process_time() - before) / at_once / in_flight * 1e6)
    return {
        "cpu_us": spent,
        "latency_ms": statistics.median(waits) * 1e3,
        "new_connections": connections(url) - opened,
    }


def run_async(work):
    """Imports asyncio here, because the measurements of imports must not load it."""
    import asyncio

    return asyncio.run(work)


def measure(scenario, name, url, protocol):
    match scenario:
        case "import":
            return import_client(name, url, protocol)
        case "first":
            return first(name, url, protocol)
        case "stream_200":
            return run_async(stream_many(name, url, protocol, 200))
        case "call_1" | "call_responses" | "call_anthropic" | "call_gemini":
            return call_one(name, url, protocol, CALLS)
        case "call_1_async":
            return run_async(call_async(name, url, protocol, 1, CALLS))
        case "call_500":
            return run_async(call_async(name, url, protocol, 500, 3))
        case _ if scenario.startswith("stream_paced"):
            return stream_one(name, url, protocol, 3)
        case _ if scenario.endswith("_async"):
            return run_async(stream_async(name, url, protocol, 8))
    return stream_one(name, url, protocol, 8)


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(measure(*sys.argv[1:5])) + "\n")
