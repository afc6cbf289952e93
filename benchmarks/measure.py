"""One measurement of one contestant, in a fresh process of its own environment; prints a JSON object."""

import importlib
import json
import pathlib
import statistics
import sys
import time

TOKENS = 500


def resident():
    """Megabytes of memory that the process holds now."""
    status = pathlib.Path("/proc/self/status")
    if not status.exists():
        return 0.0
    return int(status.read_text().split("VmRSS:")[1].split()[0]) / 1024


def importing(target):
    """What a user imports: a name of a package."""
    before, memory = time.process_time(), resident()
    package, _, name = target.partition(":")
    getattr(importlib.import_module(package), name)
    return {"cpu_ms": (time.process_time() - before) * 1e3, "memory_mb": resident() - memory}


def first(name, url):
    """Import and first call, with the start of the interpreter."""
    memory = resident()
    who = importlib.import_module(f"contestants.{name}")
    who.call(who.client(url))
    return {"cpu_ms": time.process_time() * 1e3, "memory_mb": resident() - memory}


def stream_one(name, url, rounds):
    who = importlib.import_module(f"contestants.{name}")
    client = who.client(url)
    who.stream(client)
    before = time.process_time()
    for _ in range(rounds):
        who.stream(client)
    return {"cpu_us": (time.process_time() - before) / rounds / TOKENS * 1e6}


async def stream_many(name, url, flights):
    import asyncio

    who = importlib.import_module(f"contestants.{name}")
    client = who.async_client(url)
    await who.astream(client)
    before = time.process_time()
    await asyncio.gather(*(who.astream(client) for _ in range(flights)))
    return {"cpu_us": (time.process_time() - before) / flights / TOKENS * 1e6}


async def stream_alone(name, url, rounds):
    who = importlib.import_module(f"contestants.{name}")
    client = who.async_client(url)
    await who.astream(client)
    before = time.process_time()
    for _ in range(rounds):
        await who.astream(client)
    return {"cpu_us": (time.process_time() - before) / rounds / TOKENS * 1e6}


def call_one(name, url, rounds):
    who = importlib.import_module(f"contestants.{name}")
    client = who.client(url)
    for _ in range(5):
        who.call(client)
    before, waits = time.process_time(), []
    for _ in range(rounds):
        started = time.perf_counter()
        who.call(client)
        waits.append(time.perf_counter() - started)
    return {
        "cpu_us": (time.process_time() - before) / rounds * 1e6,
        "latency_ms": statistics.median(waits) * 1e3,
    }


async def call_async(name, url, flights, rounds):
    import asyncio

    who = importlib.import_module(f"contestants.{name}")
    client = who.async_client(url)
    await asyncio.gather(*(who.acall(client) for _ in range(flights)))
    waits = []

    async def timed():
        started = time.perf_counter()
        await who.acall(client)
        waits.append(time.perf_counter() - started)

    before = time.process_time()
    for _ in range(rounds):
        await asyncio.gather(*(timed() for _ in range(flights)))
    return {
        "cpu_us": (time.process_time() - before) / rounds / flights * 1e6,
        "latency_ms": statistics.median(waits) * 1e3,
    }


def on_a_loop(work):
    """Imported here, for whoever does not need a loop does not load one."""
    import asyncio

    return asyncio.run(work)


SCENARIOS = {
    "import": lambda name, target, url: importing(target),
    "first": lambda name, target, url: first(name, url),
    "stream_1": lambda name, target, url: stream_one(name, url, 8),
    "stream_1_async": lambda name, target, url: on_a_loop(stream_alone(name, url, 8)),
    "stream_200": lambda name, target, url: on_a_loop(stream_many(name, url, 200)),
    "call_1": lambda name, target, url: call_one(name, url, 150),
    "call_1_async": lambda name, target, url: on_a_loop(call_async(name, url, 1, 150)),
    "call_500": lambda name, target, url: on_a_loop(call_async(name, url, 500, 2)),
}

if __name__ == "__main__":
    scenario, name, target, url = sys.argv[1:5]
    sys.stdout.write("\n" + json.dumps(SCENARIOS[scenario](name, target, url)) + "\n")
