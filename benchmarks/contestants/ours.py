"""dhenara.ai."""

from dhenara.ai import AIModelClient
from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallConfig, AIModelEndpoint

CONFIG = AIModelCallConfig()


def client(url):
    api = AIModelAPI(provider="openai", api_key="sk-bench", config={"base_url": f"{url}/v1"})
    return AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="bench")), CONFIG)


def call(client):
    return client.generate("What is the capital of France?").chat_response.text


def stream(client):
    chunks = 0
    for chunk, _final in client.generate("?", streaming=True).stream_generator:
        if chunk is not None:
            chunk.data.choice_deltas[0].content_deltas[0].text_delta  # noqa: B018  # read like a user would
            chunks += 1
    return chunks


async_client = client


async def acall(client):
    return (await client.generate_async("What is the capital of France?")).chat_response.text


async def astream(client):
    chunks = 0
    async for chunk, _final in (await client.generate_async("?", streaming=True)).async_stream_generator:
        if chunk is not None:
            chunk.data.choice_deltas[0].content_deltas[0].text_delta  # noqa: B018  # read like a user would
            chunks += 1
    return chunks
