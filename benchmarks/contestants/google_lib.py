"""The google-genai SDK. Its one client is sync and async: `client.models` and `client.aio.models`."""

from google import genai

REQUEST = {"model": "bench", "contents": "What is the capital of France?"}


def client(url, protocol):
    return genai.Client(api_key="sk-bench", http_options={"base_url": url})


def call(client, protocol):
    return client.models.generate_content(**REQUEST).text


def stream(client, protocol):
    return sum(len(chunk.text or "") for chunk in client.models.generate_content_stream(**REQUEST))


async_client = client


async def acall(client, protocol):
    return (await client.aio.models.generate_content(**REQUEST)).text


async def astream(client, protocol):
    length = 0
    async for chunk in await client.aio.models.generate_content_stream(**REQUEST):
        length += len(chunk.text or "")
    return length
