"""The google-genai SDK with aiohttp, which its async client uses where it is installed."""

from .google_lib import acall, astream, async_client

__all__ = ["acall", "astream", "async_client"]
