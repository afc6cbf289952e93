"""The openai SDK."""

import openai

ASKED = {"model": "bench", "messages": [{"role": "user", "content": "What is the capital of France?"}]}


def client(url):
    return openai.OpenAI(api_key="sk-bench", base_url=f"{url}/v1")


def call(client):
    return client.chat.completions.create(**ASKED).choices[0].message.content


def stream(client):
    chunks = 0
    for chunk in client.chat.completions.create(**ASKED, stream=True):
        chunk.choices[0].delta.content  # noqa: B018  # read like a user would
        chunks += 1
    return chunks


def async_client(url):
    return openai.AsyncOpenAI(api_key="sk-bench", base_url=f"{url}/v1")


async def acall(client):
    return (await client.chat.completions.create(**ASKED)).choices[0].message.content


async def astream(client):
    chunks = 0
    async for chunk in await client.chat.completions.create(**ASKED, stream=True):
        chunk.choices[0].delta.content  # noqa: B018  # read like a user would
        chunks += 1
    return chunks
