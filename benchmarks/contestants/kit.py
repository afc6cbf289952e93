"""ai_utilities, the kit: settings, limits and usage around the engine, as they are by default."""

from ai_utilities import AiClient

PROMPT = "What is the capital of France?"
APIS = {
    "chat": ("openai/bench", "/v1"),
    "anthropic": ("anthropic/bench", "/v1"),
    "gemini": ("gemini/bench", "/v1beta"),
}


def client(url, protocol):
    model, path = APIS[protocol]
    return AiClient(model, api_key="sk-bench", base_url=url + path)


def call(client, protocol):
    return client.ask(PROMPT)


def stream(client, protocol):
    return sum(len(text) for text in client.ask_stream(PROMPT))


def async_client(url, protocol):
    from ai_utilities import AsyncAiClient

    model, path = APIS[protocol]
    return AsyncAiClient(model, api_key="sk-bench", base_url=url + path)


async def acall(client, protocol):
    return await client.ask(PROMPT)


async def astream(client, protocol):
    length = 0
    async for text in client.ask_stream(PROMPT):
        length += len(text)
    return length
