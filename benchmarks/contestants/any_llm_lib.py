"""any-llm, with the provider object that it recommends for more than one call. Its sync functions run an event loop."""

from any_llm import AnyLLM

PROMPT = "What is the capital of France?"
CHAT = {"model": "bench", "messages": [{"role": "user", "content": PROMPT}]}
RESPONSE = {"model": "bench", "input_data": PROMPT}


def client(url, protocol):
    return AnyLLM.create("openai", api_key="sk-bench", api_base=f"{url}/v1")


def chat_length(chunk):
    return len(chunk.choices[0].delta.content or "")


def event_length(event):
    return len(event.delta) if event.type == "response.output_text.delta" else 0


def call(llm, protocol):
    if protocol == "responses":
        return llm.responses(**RESPONSE).output_text
    return llm.completion(**CHAT).choices[0].message.content


def stream(llm, protocol):
    if protocol == "responses":
        return sum(event_length(event) for event in llm.responses(**RESPONSE, stream=True))
    return sum(chat_length(chunk) for chunk in llm.completion(**CHAT, stream=True))


async_client = client


async def acall(llm, protocol):
    return (await llm.acompletion(**CHAT)).choices[0].message.content


async def astream(llm, protocol):
    length = 0
    if protocol == "responses":
        async for event in await llm.aresponses(**RESPONSE, stream=True):
            length += event_length(event)
    else:
        async for chunk in await llm.acompletion(**CHAT, stream=True):
            length += chat_length(chunk)
    return length
