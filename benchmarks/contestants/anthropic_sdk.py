"""The anthropic SDK."""

import anthropic

ASKED = {
    "model": "bench",
    "max_tokens": 1000,
    "messages": [{"role": "user", "content": "What is the capital of France?"}],
}


def client(url):
    return anthropic.Anthropic(api_key="sk-bench", base_url=url)


def call(client):
    return client.messages.create(**ASKED).content[0].text


def stream(client):
    return sum(1 for _ in client.messages.create(**ASKED, stream=True))


def async_client(url):
    return anthropic.AsyncAnthropic(api_key="sk-bench", base_url=url)


async def acall(client):
    return (await client.messages.create(**ASKED)).content[0].text


async def astream(client):
    chunks = 0
    async for _ in await client.messages.create(**ASKED, stream=True):
        chunks += 1
    return chunks
