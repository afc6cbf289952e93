"""httpx2 and json, with nothing around them: what the transport itself costs."""

import json

import httpx2

BODY = {"model": "bench", "messages": [{"role": "user", "content": "What is the capital of France?"}]}
LIMITS = httpx2.Limits(max_connections=2000, max_keepalive_connections=2000)


def client(url):
    return httpx2.Client(base_url=url, limits=LIMITS, timeout=60)


def call(client):
    return client.post("/v1/chat/completions", json=BODY).json()["choices"][0]["message"]["content"]


def read(line):
    if line.startswith("data: ") and line != "data: [DONE]":
        json.loads(line[6:])
        return 1
    return 0


def stream(client):
    with client.stream("POST", "/v1/chat/completions", json={**BODY, "stream": True}) as response:
        return sum(read(line) for line in response.iter_lines())


def async_client(url):
    return httpx2.AsyncClient(base_url=url, limits=LIMITS, timeout=60)


async def acall(client):
    return (await client.post("/v1/chat/completions", json=BODY)).json()["choices"][0]["message"]["content"]


async def astream(client):
    chunks = 0
    async with client.stream("POST", "/v1/chat/completions", json={**BODY, "stream": True}) as response:
        async for line in response.aiter_lines():
            chunks += read(line)
    return chunks
