"""Transports over other HTTP clients: httpx2 and aiohttp."""
