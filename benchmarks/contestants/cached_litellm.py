"""A hit of LiteLLM's cache in memory, in microseconds of CPU; prints JSON."""

import json
import sys
import time

import litellm
from litellm.caching.caching import Cache

ROUNDS = 300
litellm.suppress_debug_info = True
litellm.cache = Cache(type="local")


def call(url):
    return litellm.completion(
        model="openai/bench",
        api_key="sk-bench",
        messages=[{"role": "user", "content": "What is the capital of France?"}],
        api_base=f"{url}/v1",
        temperature=0,
        caching=True,
    )


def main(url):
    for _ in range(20):
        answer = call(url)
    assert answer._hidden_params.get("cache_hit"), "this must be a hit"
    before = time.process_time()
    for _ in range(ROUNDS):
        call(url)
    found = {"litellm_call": (time.process_time() - before) / ROUNDS * 1e6}
    sys.stdout.write("\n" + json.dumps(found) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
