"""The openai SDK."""

from openai import OpenAI

PROMPT = "What is the capital of France?"
CHAT = {"model": "bench", "messages": [{"role": "user", "content": PROMPT}]}
RESPONSE = {"model": "bench", "input": PROMPT}


def chat_length(chunk):
    return len(chunk.choices[0].delta.content or "")


def event_length(event):
    return len(event.delta) if event.type == "response.output_text.delta" else 0


def client(url, protocol):
    return OpenAI(api_key="sk-bench", base_url=f"{url}/v1")


def call(client, protocol):
    if protocol == "responses":
        return client.responses.create(**RESPONSE).output_text
    return client.chat.completions.create(**CHAT).choices[0].message.content


def stream(client, protocol):
    if protocol == "responses":
        return sum(event_length(event) for event in client.responses.create(**RESPONSE, stream=True))
    return sum(chat_length(chunk) for chunk in client.chat.completions.create(**CHAT, stream=True))


def async_client(url, protocol):
    from openai import AsyncOpenAI

    return AsyncOpenAI(api_key="sk-bench", base_url=f"{url}/v1")


async def acall(client, protocol):
    return (await client.chat.completions.create(**CHAT)).choices[0].message.content


async def astream(client, protocol):
    length = 0
    if protocol == "responses":
        async for event in await client.responses.create(**RESPONSE, stream=True):
            length += event_length(event)
    else:
        async for chunk in await client.chat.completions.create(**CHAT, stream=True):
            length += chat_length(chunk)
    return length
