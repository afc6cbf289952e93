"""The anthropic SDK."""

from anthropic import Anthropic

PROMPT = "What is the capital of France?"
REQUEST = {"model": "bench", "max_tokens": 1000, "messages": [{"role": "user", "content": PROMPT}]}


def event_length(event):
    return len(event.delta.text) if event.type == "content_block_delta" else 0


def client(url, protocol):
    return Anthropic(api_key="sk-bench", base_url=url)


def call(client, protocol):
    return client.messages.create(**REQUEST).content[0].text


def stream(client, protocol):
    return sum(event_length(event) for event in client.messages.create(**REQUEST, stream=True))


def async_client(url, protocol):
    from anthropic import AsyncAnthropic

    return AsyncAnthropic(api_key="sk-bench", base_url=url)


async def acall(client, protocol):
    return (await client.messages.create(**REQUEST)).content[0].text


async def astream(client, protocol):
    length = 0
    async for event in await client.messages.create(**REQUEST, stream=True):
        length += event_length(event)
    return length
