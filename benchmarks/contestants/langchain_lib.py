"""LangChain's OpenAI adapter."""

from langchain_openai import ChatOpenAI

PROMPT = "What is the capital of France?"


def client(url, protocol):
    return ChatOpenAI(
        model="bench", api_key="sk-bench", base_url=f"{url}/v1", use_responses_api=protocol == "responses"
    )


def call(model, protocol):
    return model.invoke(PROMPT).text


def stream(model, protocol):
    return sum(len(chunk.text) for chunk in model.stream(PROMPT))


async_client = client


async def acall(model, protocol):
    return (await model.ainvoke(PROMPT)).text


async def astream(model, protocol):
    length = 0
    async for chunk in model.astream(PROMPT):
        length += len(chunk.text)
    return length
