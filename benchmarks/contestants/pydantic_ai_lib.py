"""pydantic-ai's direct model requests: its model layer without an agent around it."""

from pydantic_ai.direct import model_request, model_request_stream, model_request_stream_sync, model_request_sync
from pydantic_ai.messages import ModelRequest, PartDeltaEvent, PartStartEvent
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

REQUEST = [ModelRequest.user_text_prompt("What is the capital of France?")]


def client(url, protocol):
    model_class = OpenAIResponsesModel if protocol == "responses" else OpenAIChatModel
    return model_class("bench", provider=OpenAIProvider(base_url=f"{url}/v1", api_key="sk-bench"))


def event_length(event):
    if isinstance(event, PartStartEvent):
        return len(event.part.content)
    return len(event.delta.content_delta or "") if isinstance(event, PartDeltaEvent) else 0


def call(model, protocol):
    return model_request_sync(model, REQUEST).parts[0].content


def stream(model, protocol):
    with model_request_stream_sync(model, REQUEST) as events:
        return sum(event_length(event) for event in events)


async_client = client


async def acall(model, protocol):
    return (await model_request(model, REQUEST)).parts[0].content


async def astream(model, protocol):
    length = 0
    async with model_request_stream(model, REQUEST) as events:
        async for event in events:
            length += event_length(event)
    return length
