"""The growth lines of ledgers and caches: SQLite files and Redis, also with several processes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from ai_utilities.cache import SQLiteCache
from ai_utilities.usage import Ledger, RedisLedger, SQLiteLedger, UsageData

Values = dict[str, float]


def used(work: Callable[[], object]) -> float:
    """Microseconds of CPU time."""
    before = time.process_time()
    work()
    return (time.process_time() - before) * 1e6


def rows(count: int) -> list[UsageData]:
    return [
        UsageData(input_tokens=10, output_tokens=20, cost="0.001", provider="openai", model=f"m{number % 7}")
        for number in range(count)
    ]


def ledger(size: int, url: str) -> Values:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "usage.sqlite"
        kept = SQLiteLedger(path)
        batch = rows(1_000)
        spent = sum(used(lambda: kept.add(batch)) for _ in range(size // 1_000))
        totals = used(lambda: kept.totals_by("model"))
        kept.close()
        opening = used(lambda: SQLiteLedger(path).totals_by("day"))
        return {"us": spent / size, "totals_ms": totals / 1e3, "open_ms": opening / 1e3}


COPY = """
INSERT INTO cache (key, value, namespace, created_at, expires_at, used_at)
    WITH RECURSIVE numbers (n) AS (SELECT ? UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
    SELECT 'key' || n, value, namespace, created_at, expires_at, used_at + n * 1e-6 FROM numbers, cache
    WHERE key = 'key0'
"""
AT_ONCE = 50_000
LAST = 10_000


def cache(size: int, url: str) -> Values:
    """The last entries are set one by one; those before them are copies of the first, as another process may add."""
    with tempfile.TemporaryDirectory() as folder:
        path, value = Path(folder) / "cache.sqlite", {"text": "word " * 40}
        kept = SQLiteCache(path, max_entries=size)
        kept.set("key0", value)
        first = max(1, size - LAST)
        with closing(sqlite3.connect(path, isolation_level=None)) as file:
            for begin in range(1, first, AT_ONCE):
                file.execute(COPY, (begin, min(begin + AT_ONCE, first) - 1))
        spent = used(lambda: [kept.set(f"key{number}", value) for number in range(first, size)]) / (size - first)
        some = range(0, size, max(1, size // 1_000))
        getting = used(lambda: [kept.get(f"key{number}") for number in some])
        evicting = used(lambda: [kept.set(f"new{number}", value) for number in range(1_000)])
        kept.close()
        opening = used(lambda: SQLiteCache(path, max_entries=size).get("new999"))
        return {
            "us": spent,
            "get_us": getting / len(some),
            "evict_us": evicting / 1_000,
            "open_ms": opening / 1e3,
        }


WRITER = """
import sys, time
from ai_utilities.usage import {ledger}, UsageData
ledger = {ledger}(sys.argv[1])
row = UsageData(input_tokens=10, output_tokens=20, cost="0.001", provider="openai", model="m")
before = time.process_time()
for _ in range(1000):
    ledger.add([row])
print(time.process_time() - before)
"""


def written_by(size: int, ledger: Ledger, where: str) -> Values:
    """So many processes add 1,000 rows each, one by one."""
    ledger.totals_by("model")
    before = time.perf_counter()
    command = [sys.executable, "-c", WRITER.format(ledger=type(ledger).__name__), where]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(size)]
    spent = [float(process.communicate()[0]) for process in running]
    wall = time.perf_counter() - before
    written = sum(totals.requests for totals in ledger.totals_by("model").values())
    if written != 1_000 * size:
        raise SystemExit(f"{written} rows of {1_000 * size} were written")
    return {"us": sum(spent) / size / 1_000 * 1e6, "wall_us": wall / size / 1_000 * 1e6}


def processes(size: int, url: str) -> Values:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "usage.sqlite")
        return written_by(size, SQLiteLedger(path), path)


def redis(size: int, url: str) -> Values:
    with tempfile.TemporaryDirectory() as folder:
        socket_path = str(Path(folder) / "redis.sock")
        command = ["redis-server", "--port", "0", "--unixsocket", socket_path, "--save", "", "--dir", folder]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            while not Path(socket_path).exists():
                time.sleep(0.01)
            where = f"unix://{socket_path}"
            return {"us": written_by(size, RedisLedger(where), where)["us"]}
        finally:
            server.terminate()
            server.wait()
