"""The openai SDK over aiohttp, as its README says for many calls at once."""

from .openai_sdk import acall, astream

__all__ = ["acall", "astream", "async_client"]


def async_client(url, protocol):
    from openai import AsyncOpenAI, DefaultAioHttpClient

    return AsyncOpenAI(api_key="sk-bench", base_url=f"{url}/v1", http_client=DefaultAioHttpClient())
