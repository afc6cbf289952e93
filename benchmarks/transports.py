"""`make bench-transports`: what calls and chunks cost over each transport, as CPU time in one run."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint

from .__main__ import local_server
from .answers import TOKENS

ROUNDS = 5
CALLS = 200
STREAMS = 10
IN_FLIGHT = 100
SYNC = ("builtin", "httpx2")
ASYNC = ("builtin", "httpx2", "aiohttp")
WHAT = (
    "a sync call, µs",
    "a sync chunk, µs",
    "an async call, µs",
    "an async chunk, µs",
    "a call with 100 in flight, µs",
)

Costs = dict[tuple[str, str], list[float]]


def client_of(url: str, transport: str) -> AIModelClient:
    api = AIModelAPI(provider="openai", api_key="none", config={"base_url": f"{url}/v1"})
    return AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="bench")), transport=transport)  # type: ignore[arg-type]


def spent(work: Callable[[], object], times: int) -> float:
    """Microseconds of CPU for each of so many."""
    began = time.process_time()
    work()
    return (time.process_time() - began) / times * 1e6


def sync_costs(url: str, transport: str) -> Iterator[tuple[str, float]]:
    with client_of(url, transport) as client:

        def calls() -> None:
            for _ in range(CALLS):
                client.generate("?")

        def streams() -> None:
            for _ in range(STREAMS):
                for _ in client.generate("?", streaming=True).stream_generator:
                    pass

        calls()
        yield WHAT[0], spent(calls, CALLS)
        yield WHAT[1], spent(streams, STREAMS * TOKENS)


async def async_costs(url: str, transport: str, keep: Callable[[str, float], None]) -> None:
    async with client_of(url, transport) as client:

        async def calls() -> None:
            for _ in range(CALLS):
                await client.generate_async("?")

        async def streams() -> None:
            for _ in range(STREAMS):
                response = await client.generate_async("?", streaming=True)
                async for _ in response.async_stream_generator:
                    pass

        async def in_flight() -> None:
            await asyncio.gather(*(client.generate_async("?") for _ in range(IN_FLIGHT)))

        await calls()
        await in_flight()
        for name, work, times in (
            (WHAT[2], calls, CALLS),
            (WHAT[3], streams, STREAMS * TOKENS),
            (WHAT[4], in_flight, IN_FLIGHT),
        ):
            began = time.process_time()
            await work()
            keep(name, (time.process_time() - began) / times * 1e6)


def collect() -> dict[tuple[str, str], float]:
    costs: Costs = {}

    def keep(transport: str) -> Callable[[str, float], None]:
        return lambda name, value: costs.setdefault((name, transport), []).append(value)

    with local_server() as url:
        for _ in range(ROUNDS):
            for transport in SYNC:
                for name, value in sync_costs(url, transport):
                    keep(transport)(name, value)
            for transport in ASYNC:
                asyncio.run(async_costs(url, transport, keep(transport)))
    return {key: statistics.median(values) for key, values in costs.items()}


def main() -> None:
    found: dict[tuple[str, str], Any] = collect()
    print(f"{'CPU time, one run':32}" + "".join(f"{name:>20}" for name in ASYNC))
    for name in WHAT:
        base = found[name, "builtin"]
        cells = [found.get((name, transport)) for transport in ASYNC]
        print(
            f"{name:32}" + "".join(f"{'-':>20}" if one is None else f"{one:12.0f} ({one / base:.1f})" for one in cells)
        )


if __name__ == "__main__":
    main()
