"""httpx2 and json, with nothing around them: what a user writes without a library."""

import json

import httpx2

from .wire import BODIES, EVENT_TEXTS, PATHS, WHOLE_TEXTS, streamed_body

LIMITS = httpx2.Limits(max_connections=100, max_keepalive_connections=100)
"""A call looks through all connections of the pool: with 500 of them, one in flight costs three times as much."""


def client(url, protocol):
    return httpx2.Client(base_url=url, limits=LIMITS, timeout=60)


def call(client, protocol):
    return WHOLE_TEXTS[protocol](client.post(PATHS[protocol][0], json=BODIES[protocol]).json())


def text_length(line, read_text):
    if line.startswith("data: ") and line != "data: [DONE]":
        return len(read_text(json.loads(line[6:])))
    return 0


def stream(client, protocol):
    read_text = EVENT_TEXTS[protocol]
    with client.stream("POST", PATHS[protocol][1], json=streamed_body(protocol)) as response:
        return sum(text_length(line, read_text) for line in response.iter_lines())


def async_client(url, protocol):
    return httpx2.AsyncClient(base_url=url, limits=LIMITS, timeout=60)


async def acall(client, protocol):
    response = await client.post(PATHS[protocol][0], json=BODIES[protocol])
    return WHOLE_TEXTS[protocol](response.json())


async def astream(client, protocol):
    read_text, length = EVENT_TEXTS[protocol], 0
    async with client.stream("POST", PATHS[protocol][1], json=streamed_body(protocol)) as response:
        async for line in response.aiter_lines():
            length += text_length(line, read_text)
    return length
