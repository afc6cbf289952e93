"""Over every transport, a request that a server may have received does not count as one that was never sent."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest

from ai_utilities.usage.estimates import unsent
from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConnectionFailedError
from support.raw_server import OK, Connection, RawServer
from support.worlds import WORLDS, World, endpoint


def after_reading(connection: Connection) -> None:
    connection.request()


def after_reading_by_reset(connection: Connection) -> None:
    connection.request()
    connection.reset()


def in_the_head(connection: Connection) -> None:
    connection.request()
    connection.send(OK[:30])


def transport_of(name: str, world: World) -> object:
    if name == "object":
        return httpx2.HTTPTransport() if world.name == "blocking" else httpx2.AsyncHTTPTransport()
    return name


CASES = [
    pytest.param(name, world, id=f"{name}-{world.name}")
    for name in ("builtin", "httpx2", "aiohttp", "object")
    for world in WORLDS
    if name != "aiohttp" or world.name in ("asyncio", "uvloop")
]


@pytest.mark.parametrize("end", [after_reading, after_reading_by_reset, in_the_head], ids=lambda end: end.__name__)
@pytest.mark.parametrize(("name", "world"), CASES)
def test_a_request_that_was_read_counts_as_sent(name: str, world: World, end: Callable[[Connection], None]) -> None:
    with RawServer(end) as server:
        client = AIModelClient(endpoint(server.url), transport=transport_of(name, world))  # type: ignore[arg-type]
        with pytest.raises(ConnectionFailedError, match="the request may have been received") as failed:
            world.run(client, "?", retries=0)
        world.close(client)
    assert not unsent(failed.value.attempts[0])
    assert not any(word in str(failed.value) for word in ("ReadError", "RawResponseMessage", "<"))


@pytest.mark.parametrize(("name", "world"), CASES)
def test_a_request_without_a_connection_was_never_sent(name: str, world: World) -> None:
    with RawServer(after_reading) as server:
        url = server.url
    client = AIModelClient(endpoint(url), transport=transport_of(name, world))  # type: ignore[arg-type]
    with pytest.raises(ConnectionFailedError) as failed:
        world.run(client, "?", retries=0)
    world.close(client)
    assert unsent(failed.value.attempts[0])
