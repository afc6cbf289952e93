"""The Redis server that every suite of stores runs over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ai_utilities.storage import late_writes
from support.redis_server import RedisProcess as RedisProcess, redis_url as redis_url, running_redis as running_redis


@pytest.fixture
def no_late_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Late writes wait until somebody needs them."""
    monkeypatch.setattr(late_writes, "LATEST", 3600.0)
    monkeypatch.setattr(late_writes, "WRITER", late_writes.LateWriter())
    yield
    late_writes.WRITER.end()
