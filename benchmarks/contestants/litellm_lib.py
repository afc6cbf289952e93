"""LiteLLM."""

import litellm

litellm.suppress_debug_info = True
ASKED = {
    "model": "openai/bench",
    "api_key": "sk-bench",
    "messages": [{"role": "user", "content": "What is the capital of France?"}],
}


def client(url):
    return f"{url}/v1"


def call(base):
    return litellm.completion(**ASKED, api_base=base).choices[0].message.content


def stream(base):
    return sum(1 for _ in litellm.completion(**ASKED, api_base=base, stream=True))


async_client = client


async def acall(base):
    return (await litellm.acompletion(**ASKED, api_base=base)).choices[0].message.content


async def astream(base):
    chunks = 0
    async for _ in await litellm.acompletion(**ASKED, api_base=base, stream=True):
        chunks += 1
    return chunks
