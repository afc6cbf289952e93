"""The anthropic SDK over aiohttp, as its README says for many calls at once."""

from .anthropic_sdk import acall, astream

__all__ = ["acall", "astream", "async_client"]


def async_client(url, protocol):
    from anthropic import AsyncAnthropic, DefaultAioHttpClient

    return AsyncAnthropic(api_key="sk-bench", base_url=url, http_client=DefaultAioHttpClient())
