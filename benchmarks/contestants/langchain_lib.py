"""LangChain's OpenAI adapter."""

from langchain_openai import ChatOpenAI

ASKED = "What is the capital of France?"


def client(url):
    return ChatOpenAI(model="bench", api_key="sk-bench", base_url=f"{url}/v1")


def call(model):
    return model.invoke(ASKED).content


def stream(model):
    return sum(1 for _ in model.stream(ASKED))


async_client = client


async def acall(model):
    return (await model.ainvoke(ASKED)).content


async def astream(model):
    chunks = 0
    async for _ in model.astream(ASKED):
        chunks += 1
    return chunks
