"""Routes in several processes with one store, which is killed and returns, over servers that go away and return."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dhenara.ai.testing import Answer, FakeServer, Refusal
from support.redis_server import RedisProcess

WORKER = Path(__file__).resolve().parents[1] / "support" / "routed_worker.py"
PROCESSES, CALLS = 4, 25

pytestmark = pytest.mark.slow


class Workers:
    """Processes that send calls when they are told to."""

    def __init__(self, place: str, urls: list[str]) -> None:
        addresses = [f"{url}/v1#{number}" for number, url in enumerate(urls)]
        command = [sys.executable, str(WORKER), place, *addresses]
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
    workers = Workers(redis.url, [server.url for server in servers])
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
        redis.close()


class RestartedServer:
    """A server that can be stopped and started again at its address. `status` is what it answers with."""

    def __init__(self) -> None:
        self.status, self.requests = 200, 0
        self.port = 0
        self.connections: list[socket.socket] = []
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                outer.connections.append(self.connection)

            def do_POST(self) -> None:
                outer.requests += 1
                self.rfile.read(int(self.headers["content-length"]))
                body = ANSWER if outer.status == 200 else b"{}"
                self.send_response(outer.status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                if outer.status == 429:
                    self.send_header("retry-after", "3600")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *parts: object) -> None:
                """Nothing is printed."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.connections.clear()


ANSWER = json.dumps(
    {
        "id": "1",
        "model": "model",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello!"}}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
).encode()


def test_processes_share_health_in_a_file_while_servers_are_killed_and_restarted(tmp_path: Path) -> None:
    """The first server asks for a pause; the others are stopped one after the other, and started again."""
    servers = [RestartedServer() for _ in range(10)]
    servers[0].status = 429
    workers = Workers(str(tmp_path / "health.sqlite"), [server.url for server in servers])
    expected = PROCESSES * CALLS
    try:
        workers.send(CALLS)
        calls_of_first = servers[0].requests
        assert 1 <= calls_of_first <= PROCESSES
        for number in (1, 2, 3):
            servers[number].stop()
            answered = workers.send(CALLS)
            assert sum(count for name, count in answered.items() if name.startswith("model-")) == expected
        for number in (1, 2, 3):
            servers[number].start()
        for number in range(4, 10):
            servers[number].stop()
        answered = workers.send(CALLS)
        assert sum(count for name, count in answered.items() if name.startswith("model-")) == expected
        assert {name for name in answered if name.startswith("model-")} <= {"model-1", "model-2", "model-3"}
        assert servers[0].requests == calls_of_first, "no process called the one that rests"
    finally:
        workers.close()
        for number in range(4):
            servers[number].stop()
