"""A Redis server of this run's own, and its fixtures."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .waiting import HANGS, wait_until


class RedisProcess:
    """Debian's redis-server on a free port; it can die and return."""

    def __init__(self, home: Path, *options: str) -> None:
        self._home = home
        self._options = options
        # Nobody else gets the port while the server is down, and the server may take it all the same.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind(("127.0.0.1", 0))
        self.port: int = self._reserved.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._home)]
        self._process = subprocess.Popen([*command, "--save", "", *self._options], stdout=subprocess.DEVNULL)
        wait_until(self._answers)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "redis-server did not start"
        try:
            with socket.create_connection(("127.0.0.1", self.port), HANGS) as connected:
                connected.sendall(b"PING\r\n")
                return connected.recv(7) == b"+PONG\r\n"
        except OSError:
            return False

    def freeze(self) -> None:
        """Takes connections and says nothing, until `thaw`."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, sent: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(sent)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Stops the server and gives its port back."""
        self.stop()
        self._reserved.close()


@pytest.fixture(scope="session")
def running_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    pytest.importorskip("redis")
    process = RedisProcess(tmp_path_factory.mktemp("redis"))
    process.start()
    yield process
    process.close()


@pytest.fixture
def redis_url(running_redis: RedisProcess) -> str:
    """An empty server."""
    import redis

    with redis.Redis.from_url(running_redis.url) as client:
        client.flushall()
    return running_redis.url
