"""dhenara.ai, the engine."""

from dhenara.ai import AIModelClient

PROMPT = "What is the capital of France?"
APIS = {
    "chat": ("openai/bench", "/v1", "openai_chat"),
    "responses": ("openai/bench", "/v1", "openai_responses"),
    "anthropic": ("anthropic/bench", "/v1", None),
    "gemini": ("gemini/bench", "/v1beta", None),
}


def client(url, protocol):
    model, path, wire_protocol = APIS[protocol]
    return AIModelClient(model, api_key="sk-bench", base_url=url + path, protocol=wire_protocol)


def call(client, protocol):
    return client.generate(PROMPT).text


def stream(client, protocol):
    return sum(len(text) for text in client.generate(PROMPT, streaming=True).text_stream)


async_client = client


async def acall(client, protocol):
    return (await client.generate_async(PROMPT)).text


async def astream(client, protocol):
    length = 0
    async for text in (await client.generate_async(PROMPT, streaming=True)).text_stream:
        length += len(text)
    return length
