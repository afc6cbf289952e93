"""Fixtures of these tests."""

from __future__ import annotations

from support.redis_server import redis_url as redis_url, running_redis as running_redis
