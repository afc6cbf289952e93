"""any-llm."""

import any_llm

ASKED = {
    "model": "bench",
    "provider": "openai",
    "api_key": "sk-bench",
    "messages": [{"role": "user", "content": "What is the capital of France?"}],
}


def client(url):
    return f"{url}/v1"


def call(base):
    return any_llm.completion(**ASKED, api_base=base).choices[0].message.content


def stream(base):
    return sum(1 for _ in any_llm.completion(**ASKED, api_base=base, stream=True))


async_client = client


async def acall(base):
    return (await any_llm.acompletion(**ASKED, api_base=base)).choices[0].message.content


async def astream(base):
    chunks = 0
    async for _ in await any_llm.acompletion(**ASKED, api_base=base, stream=True):
        chunks += 1
    return chunks
