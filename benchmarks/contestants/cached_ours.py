"""Hits of our caches, a bare sqlite3 read by primary key, a bare Redis GET and diskcache, in microseconds of CPU.

Prints JSON.
"""

import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import diskcache

from ai_utilities.cache import CacheLayer, MemoryCache, RedisCache, SQLiteCache
from dhenara.ai import AIModelClient
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint

ROUNDS, READS = 2000, 20_000


def microseconds(work, times):
    for _ in range(100):
        work()
    before = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - before) / times * 1e6


def client(url, cache):
    api = AIModelAPI(provider="openai", api_key="sk-bench", config={"base_url": f"{url}/v1"})
    endpoint = AIModelEndpoint(api=api, ai_model=AIModel(model_name="bench"))
    return AIModelClient(endpoint, layers=[CacheLayer(cache)])


def call(asking):
    response = asking.generate("What is the capital of France?", temperature=0)
    assert response.chat_response.cached or call.first, "this must be a hit"
    call.first = False
    return response.chat_response.text


def redis_hits(url, socket_path, value):
    """Hits of our Redis cache and a bare GET, on a server of our own."""
    import redis

    command = ["redis-server", "--port", "0", "--unixsocket", str(socket_path), "--save", ""]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while not socket_path.exists():
            time.sleep(0.01)
        found, bare = {}, redis.Redis(unix_socket_path=str(socket_path))
        with RedisCache(f"unix://{socket_path}") as stored:
            call.first = True
            with client(url, stored) as asking:
                found["redis_call"] = microseconds(lambda: call(asking), ROUNDS)
            stored.set("bench:key", value)
            found["redis_get"] = microseconds(lambda: stored.get("bench:key"), ROUNDS)
        bare.set("bench:key", json.dumps(value))
        found["bare_redis_get"] = microseconds(lambda: bare.get("bench:key"), ROUNDS)
        return found
    finally:
        server.terminate()
        server.wait()


def main(url):
    found = {}
    with tempfile.TemporaryDirectory() as home:
        path = Path(home, "cache.db")
        stored = SQLiteCache(path)
        for name, cache in (("memory_call", MemoryCache()), ("sqlite_call", stored)):
            call.first = True
            with client(url, cache) as asking:
                found[name] = microseconds(lambda asking=asking: call(asking), ROUNDS)
        value = {"answer": "The capital of France is Paris. " * 8, "usage": {"input": 11, "output": 60}}
        stored.set("bench:key", value)
        found["sqlite_get"] = microseconds(lambda: stored.get("bench:key"), READS)
        bare = sqlite3.connect(path)
        statement = "SELECT value FROM cache WHERE key = ?"
        found["bare_get"] = microseconds(lambda: bare.execute(statement, ("bench:key",)).fetchone(), READS)
        bare.close()
        stored.close()
        if shutil.which("redis-server"):
            found |= redis_hits(url, Path(home, "redis.sock"), value)
        with diskcache.Cache(str(Path(home, "disk"))) as disk:
            disk.set("bench:key", value)
            found["diskcache_get"] = microseconds(lambda: disk.get("bench:key"), READS)
    sys.stdout.write("\n" + json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
