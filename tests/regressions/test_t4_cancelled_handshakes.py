"""Calls that are cancelled in the TLS handshake leave no connection open, whichever transport carries them."""

from __future__ import annotations

import anyio
import pytest

from dhenara.ai import AIModelClient
from support.raw_server import Connection, RawServer
from support.worlds import Async, endpoint


@pytest.mark.parametrize("transport", ["builtin", "httpx2", "aiohttp"])
def test_a_cancelled_handshake_closes_its_connection(transport: str, async_world: Async) -> None:
    if transport == "aiohttp" and async_world.name == "trio":
        pytest.skip("aiohttp is for asyncio only")

    async def cancel(url: str, server: RawServer) -> None:
        client = AIModelClient(endpoint(url), transport=transport)  # type: ignore[arg-type]
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(client.generate_async, "?")
            while server.connections < 10:
                await anyio.sleep(0.01)
            group.cancel_scope.cancel()
        # While the client is in use and nothing was collected.
        with anyio.fail_after(100):
            while server.open:
                await anyio.sleep(0.01)
        await client.aclose()

    def wait(connection: Connection) -> None:
        connection.wait_left()

    with RawServer(wait) as server:
        async_world.start(lambda: cancel(f"https://127.0.0.1:{server.port}", server))
