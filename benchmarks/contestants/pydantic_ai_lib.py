"""pydantic-ai's direct model requests: its model layer without an agent around it."""

from pydantic_ai.direct import model_request, model_request_stream, model_request_stream_sync, model_request_sync
from pydantic_ai.messages import ModelRequest
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

ASKED = [ModelRequest.user_text_prompt("What is the capital of France?")]


def client(url):
    return OpenAIChatModel("bench", provider=OpenAIProvider(base_url=f"{url}/v1", api_key="sk-bench"))


def call(model):
    return model_request_sync(model, ASKED).parts[0].content


def stream(model):
    with model_request_stream_sync(model, ASKED) as events:
        return sum(1 for _ in events)


async_client = client


async def acall(model):
    return (await model_request(model, ASKED)).parts[0].content


async def astream(model):
    chunks = 0
    async with model_request_stream(model, ASKED) as events:
        async for _ in events:
            chunks += 1
    return chunks
