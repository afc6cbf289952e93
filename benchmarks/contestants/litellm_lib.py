"""LiteLLM. It has functions and no client: it keeps HTTP clients itself, by address and key."""

import litellm
from litellm import acompletion, completion

litellm.suppress_debug_info = True
# Else it logs every chunk in a thread, which takes half of the time, though nobody reads these logs here.
litellm.disable_streaming_logging = True

PROMPT = "What is the capital of France?"
APIS = {
    "chat": ("openai/bench", "/v1"),
    # For a model that is not on its list, it asks for a whole response and cuts that into pieces.
    "responses": ("openai/gpt-5-mini", "/v1"),
    "anthropic": ("anthropic/bench", ""),
    "gemini": ("gemini/bench", "/v1beta"),
}


def client(url, protocol):
    model, path = APIS[protocol]
    prompt = {"input": PROMPT} if protocol == "responses" else {"messages": [{"role": "user", "content": PROMPT}]}
    return {"model": model, "api_base": url + path, "api_key": "sk-bench", **prompt}


def chunk_length(chunk):
    return len(chunk.choices[0].delta.content or "") if chunk.choices else 0


def event_length(event):
    return len(event.delta) if event.type == "response.output_text.delta" else 0


def call(request, protocol):
    if protocol == "responses":
        return litellm.responses(**request).output_text
    return completion(**request).choices[0].message.content


def stream(request, protocol):
    if protocol == "responses":
        return sum(event_length(event) for event in litellm.responses(**request, stream=True))
    return sum(chunk_length(chunk) for chunk in completion(**request, stream=True))


async_client = client


async def acall(request, protocol):
    return (await acompletion(**request)).choices[0].message.content


async def astream(request, protocol):
    length = 0
    if protocol == "responses":
        async for event in await litellm.aresponses(**request, stream=True):
            length += event_length(event)
    else:
        async for chunk in await acompletion(**request, stream=True):
            length += chunk_length(chunk)
    return length
