"""The same work of one contestant a number of times, after warming up, in a fresh process; for `instructions.py`.

python repeat.py SCENARIO CONTESTANT URL PROTOCOL TIMES
"""

import importlib
import sys

from measure import check_text

WARM_UP = 5


def repeat(scenario, name, url, protocol, times):
    contestant = importlib.import_module(f"contestants.{name}")
    if scenario.endswith("_async"):
        import asyncio

        asyncio.run(repeat_async(contestant, scenario, url, protocol, times))
        return
    client = contestant.client(url, protocol)
    for _ in range(WARM_UP + times):
        if scenario.startswith("call"):
            contestant.call(client, protocol)
        else:
            check_text(contestant.stream(client, protocol))


async def repeat_async(contestant, scenario, url, protocol, times):
    client = contestant.async_client(url, protocol)
    for _ in range(WARM_UP + times):
        if scenario.startswith("call"):
            await contestant.acall(client, protocol)
        else:
            check_text(await contestant.astream(client, protocol))


if __name__ == "__main__":
    repeat(*sys.argv[1:5], int(sys.argv[5]))
