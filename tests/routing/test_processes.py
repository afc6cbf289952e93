"""Routes in several processes with one Redis server, which is killed and returns, over servers that go away."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from dhenara.ai.testing import Answer, FakeServer, Refusal
from support.redis_server import RedisProcess

WORKER = Path(__file__).resolve().parents[1] / "support" / "routed_worker.py"
PROCESSES, CALLS = 4, 25

pytestmark = pytest.mark.slow


class Workers:
    """Processes that send calls when they are told to."""

    def __init__(self, redis: str, servers: list[FakeServer]) -> None:
        addresses = [f"{server.url}/v1#{number}" for number, server in enumerate(servers)]
        command = [sys.executable, str(WORKER), redis, *addresses]
        self.processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(PROCESSES)
        ]

    def send(self, calls: int) -> Counter[str]:
        """Let each process send so many calls at the same time as the others; return what answered."""
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write(f"{calls}\n")
            process.stdin.flush()
        total: Counter[str] = Counter()
        for process in self.processes:
            assert process.stdout is not None
            total.update(json.loads(process.stdout.readline()))
        return total

    def close(self) -> None:
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(60)
            assert process.stdout is not None
            process.stdout.close()


@pytest.fixture
def servers() -> Iterator[list[FakeServer]]:
    """Ten servers; the first asks for a pause of an hour, the others answer."""
    with ExitStack() as stack:
        limited = Refusal(429, "slow down", headers={"retry-after": "3600"})
        scripts: list[Refusal | Answer] = [limited, *[Answer(text="Hello!")] * 9]
        yield [stack.enter_context(FakeServer(script, forever=True)) for script in scripts]


def test_processes_share_health_and_outlive_their_store(servers: list[FakeServer], tmp_path: Path) -> None:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    redis = RedisProcess(tmp_path)
    redis.start()
    workers = Workers(redis.url, servers)
    try:
        expected = PROCESSES * CALLS
        assert sum(workers.send(CALLS).values()) == expected
        touched = len(servers[0].exchanges)
        assert 1 <= touched <= PROCESSES, "each process may ask once before it reads what the others found"

        redis.stop()
        answered = workers.send(CALLS)
        assert sum(count for name, count in answered.items() if name.startswith("model-")) == expected
        assert len(servers[0].exchanges) == touched

        redis.start()
        for server in servers[1:5]:
            server.stop()
        answered = workers.send(CALLS)
        assert sum(count for name, count in answered.items() if name.startswith("model-")) == expected
        assert {name for name in answered if name.startswith("model-")} <= {f"model-{n}" for n in range(5, 10)}
        assert len(servers[0].exchanges) == touched
    finally:
        workers.close()
        redis.stop()
