"""`make bench-caches`: what a hit costs, against LiteLLM, diskcache, and bare reads of SQLite and Redis."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections.abc import Iterator

from .__main__ import HERE, local_server
from .environments import ROOT, CannotInstall, Contestant, prepare, versions
from .table import verdict

ROUNDS = 3
# LiteLLM's caching imports its proxy.
OTHERS = (
    Contestant("dhenara and diskcache", "cached_ours", (str(ROOT), "diskcache", "redis")),
    Contestant("litellm", "cached_litellm", ("litellm[proxy]", "soundfile")),
)
Found = dict[str, float]


def measure(contestant: Contestant, url: str) -> Found:
    command = [str(contestant.python), str(HERE / "contestants" / f"{contestant.module}.py"), url]
    # Ours is measured as it is here, whatever was installed.
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment)
    if done.returncode:
        raise CannotInstall((done.stderr.strip().splitlines() or ["failed"])[-1][:200])
    found: Found = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def collect() -> Found:
    samples: dict[str, list[float]] = {}
    with local_server() as url:
        for contestant in OTHERS:
            try:
                prepare(contestant)
                version, count = versions(contestant)
                print(f"{contestant.name:22s} {version} ({count} distributions)")
                for _ in range(ROUNDS):
                    for name, value in measure(contestant, url).items():
                        samples.setdefault(name, []).append(value)
            except CannotInstall as problem:
                print(f"{contestant.name:22s} cannot be measured: {problem}")
    return {name: statistics.median(values) for name, values in samples.items()}


def verdicts(found: Found) -> Iterator[str]:
    def ratio(above: str, below: str) -> float | None:
        return found[above] / found[below] if above in found and below in found else None

    yield verdict("a call from memory: litellm / ours", ratio("litellm_call", "memory_call"), least=20)
    yield verdict("a SQLite hit: ours / bare read by primary key", ratio("sqlite_get", "bare_get"), most=10)
    yield verdict("a SQLite hit: ours / diskcache", ratio("sqlite_get", "diskcache_get"), most=1)
    yield verdict("a Redis hit: ours / a bare GET", ratio("redis_get", "bare_redis_get"), most=1.5)


def main() -> None:
    found = collect()
    print()
    for name, value in found.items():
        print(f"  {name:14s} {value:8.1f} µs of CPU")
    print()
    for line in verdicts(found):
        print(line)


if __name__ == "__main__":
    main()
