"""The Redis server that every suite of stores runs over."""

from __future__ import annotations

from support.redis_server import RedisProcess as RedisProcess, redis_url as redis_url, running_redis as running_redis
