"""`make bench-caches`: what a hit costs, against LiteLLM, diskcache, and bare reads of SQLite and Redis.

Every number is the least of fresh processes: a hit takes so little that other work on the machine, which only adds to
the time, shows in it. `benchmarks/caches.json` has the stored run, which the page shows:

    python -m benchmarks.caches --json benchmarks/caches.json
    python -m benchmarks.publish
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from .__main__ import HERE, local_server, machine, rounded
from .environments import ROOT, CannotInstall, Contestant, prepare, versions
from .table import Goal, judge, verdict_line

STORED = HERE / "caches.json"
ROUNDS = 15
# LiteLLM's caching imports its proxy.
OTHERS = (
    Contestant("dhenara and diskcache", "cached_ours", (str(ROOT), "diskcache", "redis")),
    Contestant("litellm", "cached_litellm", ("litellm[proxy]", "soundfile")),
)
TITLES = {
    "memory_call": "a whole call of ours, answered from memory",
    "sqlite_call": "the same from SQLite",
    "redis_call": "the same from Redis",
    "litellm_call": "a whole call of LiteLLM, answered from its memory",
    "sqlite_get": "`SQLiteCache.get`",
    "bare_get": "a bare sqlite3 read by primary key",
    "diskcache_get": "`diskcache.Cache.get`",
    "redis_get": "`RedisCache.get`",
    "bare_redis_get": "a bare `GET` of the redis package",
}
"""What is measured, by the names that the contestants print."""

Found = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class CacheRun:
    """A stored run: when and where, who, and microseconds of CPU by what was measured."""

    date: str
    rounds: int
    python: str
    machine: str
    versions: Mapping[str, str]
    results: Found

    @classmethod
    def load(cls, path: Path = STORED) -> CacheRun:
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def save(self, path: Path = STORED) -> None:
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


def measure(contestant: Contestant, url: str) -> Found:
    command = [str(contestant.python), str(HERE / "contestants" / f"{contestant.module}.py"), url]
    # Ours is measured as it is here, whatever was installed.
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment)
    if done.returncode:
        raise CannotInstall((done.stderr.strip().splitlines() or ["failed"])[-1][:200])
    found: Found = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def ready() -> Iterator[tuple[Contestant, str]]:
    """The contestants that can be installed, with their versions."""
    for contestant in OTHERS:
        try:
            prepare(contestant)
            version, count = versions(contestant)
        except CannotInstall as problem:
            print(f"{contestant.name:22s} cannot be installed: {problem}")
        else:
            print(f"{contestant.name:22s} {version} ({count} distributions)")
            yield contestant, version


def collect(rounds: int = ROUNDS) -> CacheRun:
    """Measures; the contestants take turns, so that a disturbance hits all of them."""
    contestants, samples = dict(ready()), dict[str, list[float]]()
    with local_server() as url:
        for _ in range(rounds):
            for contestant in contestants:
                try:
                    for name, value in measure(contestant, url).items():
                        samples.setdefault(name, []).append(value)
                except CannotInstall as problem:
                    print(f"{contestant.name:22s} cannot be measured: {problem}")
    return CacheRun(
        datetime.datetime.now(datetime.UTC).date().isoformat(),
        rounds,
        platform.python_version(),
        f"{os.cpu_count()} cores of {machine()}",
        {contestant.name: version for contestant, version in contestants.items()},
        {name: rounded(min(values)) for name, values in samples.items()},
    )


def goals(found: Found) -> Iterator[Goal]:
    def ratio(above: str, below: str) -> float | None:
        return found[above] / found[below] if above in found and below in found else None

    yield judge("a call from memory: litellm / ours", ratio("litellm_call", "memory_call"), least=20)
    yield judge("a SQLite hit: ours / bare read by primary key", ratio("sqlite_get", "bare_get"), most=10)
    yield judge("a SQLite hit: ours / diskcache", ratio("sqlite_get", "diskcache_get"), most=1)
    yield judge("a Redis hit: ours / a bare GET", ratio("redis_get", "bare_redis_get"), most=1.5)


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.caches", description=__doc__)
    options.add_argument("--json", type=Path, help="write the run to this file too")
    chosen = options.parse_args()
    run = collect()
    print()
    for name, title in TITLES.items():
        if name in run.results:
            print(f"  {run.results[name]:8.1f} µs of CPU: {title}")
    print()
    for result in goals(run.results):
        print(verdict_line(result))
    if chosen.json:
        run.save(chosen.json)


if __name__ == "__main__":
    main()
