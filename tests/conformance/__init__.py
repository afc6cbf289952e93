"""One suite of HTTP behaviours for every transport: the built-in client, httpx2 and aiohttp."""
