"""A process with a routed client: sends as many calls as each line of its input says, and prints what answered."""

from __future__ import annotations

import json
import sys
from collections import Counter

from ai_utilities.limits import RedisHealth, SQLiteHealth
from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallError
from dhenara.ai.types import AIModelCallConfig, AIModelEndpoint


def main(place: str, *addresses: str) -> None:
    """Send calls; `place` is the address of a Redis server or a SQLite file for the health of the deployments."""
    store = RedisHealth(place) if place.startswith("redis:") else SQLiteHealth(place)
    groups = [AIModelEndpoint.of(f"openai/model-{url[-1]}", api_key="none", base_url=url[:-2]) for url in addresses]
    config = AIModelCallConfig(timeout=60, retry_delay=0.01)
    with AIModelClient.routed([groups[:1], groups[1:]], config=config, health=store) as client:
        for line in sys.stdin:
            outcomes: Counter[str] = Counter()
            for _ in range(int(line)):
                try:
                    response = client.generate("Hello")
                except CallError as error:
                    outcomes[type(error).__name__] += 1
                else:
                    outcomes[response.attempts[-1].model or ""] += 1
            sys.stdout.write(f"{json.dumps(outcomes)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
