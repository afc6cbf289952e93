"""No server sees more requests than there are attempts, whichever way a connection ends."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallError, ConnectionFailedError
from dhenara.ai.http.sockets import tls
from dhenara.ai.testing import Answer, FakeServer, Refusal
from dhenara.ai.types import Attempt
from support.raw_server import OK, Connection, RawServer
from support.worlds import Async, World, endpoint

HELLO = Answer(text="Hello!")


def before_reading(connection: Connection) -> None:
    """Closes as soon as the next request is on its way, and reads none of it."""
    connection.socket.recv(1)


def before_reading_by_reset(connection: Connection) -> None:
    connection.socket.recv(1)
    connection.reset()


def while_reading(connection: Connection) -> None:
    connection.socket.recv(50)
    connection.reset()


def after_reading(connection: Connection) -> None:
    connection.request()


def after_reading_by_reset(connection: Connection) -> None:
    connection.request()
    connection.reset()


def in_the_head(connection: Connection) -> None:
    connection.request()
    connection.send(OK[:20])


def in_the_body(connection: Connection) -> None:
    connection.request()
    connection.send(OK[:-20])


def while_idle(connection: Connection) -> None:
    """Closes at once after the first response."""


ENDS = [
    before_reading, before_reading_by_reset, while_reading, after_reading, after_reading_by_reset, in_the_head,
    in_the_body, while_idle,
]  # fmt: skip


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """The context of a server whose certificate the client trusts."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    tls.make_context.cache_clear()
    yield context
    tls.make_context.cache_clear()


def calls(
    world: World, client: AIModelClient, number: int, *, streaming: bool = False, **settings: Any
) -> list[tuple[Attempt, ...]]:
    """The attempts of calls one after the other on one loop, of those that fail too."""
    made: list[tuple[Attempt, ...]] = []

    def note(work: Any) -> None:
        made.append(tuple(work.attempts))

    if isinstance(world, Async):

        async def ask() -> None:
            for _ in range(number):
                try:
                    response = await client.generate_async("?", streaming=streaming, **settings)
                    if streaming:
                        [*_, (_, response)] = [pair async for pair in response.async_stream_generator]
                    note(response)
                except CallError as error:
                    note(error)
            await client.aclose()

        world.start(ask)
        return made
    for _ in range(number):
        try:
            response = client.generate("?", streaming=streaming, **settings)
            if streaming:
                [*_, (_, response)] = list(response.stream_generator)
            note(response)
        except CallError as error:
            note(error)
    client.close()
    return made


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streaming"])
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("retries", [0, 2])
@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_a_server_sees_at_most_as_many_requests_as_there_are_attempts(
    end: Callable[[Connection], None],
    retries: int,
    secure: bool,
    streaming: bool,
    world: World,
    trusted: ssl.SSLContext,
) -> None:
    """The first two connections serve one request and then end; later ones serve all."""

    def serve(connection: Connection) -> None:
        for _ in range(100 if connection.number > 2 else 1):
            if connection.request() is None:
                return
            connection.send(OK)
        end(connection)

    with RawServer(serve, trusted if secure else None) as server:
        client = AIModelClient(endpoint(server.url))
        made = calls(world, client, 3, streaming=streaming, retries=retries)
        assert server.wait_closed()
        reported = sum(map(len, made))
        assert len(server.requests) <= reported
        assert all(1 <= len(attempts) <= retries + 1 for attempts in made)
        if retries:
            assert [attempts[-1].outcome for attempts in made] == ["answered"] * 3


def test_a_post_is_not_repeated_silently_on_a_connection_that_died_after_the_request(world: World) -> None:
    def serve(connection: Connection) -> None:
        if connection.request():
            connection.send(OK)
            connection.request()

    with RawServer(serve) as server:
        client = AIModelClient(endpoint(server.url))
        (first,), second = calls(world, client, 2, retries=0)
        assert (first.outcome, [one.outcome for one in second]) == ("answered", ["failed"])
        assert "used before" in (second[0].error or "")
        assert server.wait_for(lambda server: len(server.requests) == 2)
        assert server.connections == 1


def test_the_repetition_is_an_attempt_that_retries_allow_without_a_pause(world: World) -> None:
    def serve(connection: Connection) -> None:
        while connection.request():
            connection.send(OK)
            if connection.number == 1:
                connection.request()
                return

    with RawServer(serve) as server:
        made = calls(world, AIModelClient(endpoint(server.url)), 2, retries=1)
        assert [(one.outcome, one.waited) for one in made[1]] == [("failed", 0.0), ("answered", 0.0)]
        assert len(server.requests) == 3


def test_a_connection_that_was_closed_while_it_rested_costs_no_attempt(world: World) -> None:
    with RawServer(lambda connection: connection.request() and connection.send(OK)) as server:  # type: ignore[func-returns-value, arg-type, return-value]  # one request a connection
        client = AIModelClient(endpoint(server.url))
        if isinstance(world, Async):

            async def ask() -> list[int]:
                made = []
                for _ in range(3):
                    made.append(len((await client.generate_async("?", retries=0)).attempts))
                    # Blocks the loop on purpose: it has not looked at the socket when the next call begins.
                    assert server.wait_closed()
                await client.aclose()
                return made

            assert world.start(ask) == [1, 1, 1]
            return
        for _ in range(3):
            assert len(client.generate("?", retries=0).attempts) == 1
            assert server.wait_closed()
        client.close()


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_all_attempts_of_a_call_have_one_idempotency_key_and_calls_have_different_ones(
    provider: str, world: World, server: FakeServer
) -> None:
    refusal = Refusal(500, "oops", headers={"retry-after-ms": "1"})
    server.add_replies(refusal, refusal, HELLO, refusal, HELLO)
    client = AIModelClient(endpoint(server.url, provider))
    world.run(client, "?")
    world.run(client, "?")
    world.close(client)
    first, second, third, *others = [exchange.headers["idempotency-key"] for exchange in server.exchanges]
    assert first == second == third
    assert others[0] == others[1] != first


def test_an_idempotency_key_of_the_caller_is_sent_unchanged(server: FakeServer) -> None:
    server.add_replies(HELLO)
    with AIModelClient(endpoint(server.url)) as client:
        client.generate("?", headers={"Idempotency-Key": "mine"})
    assert server.exchanges[0].headers["idempotency-key"] == "mine"


def test_an_upload_that_breaks_in_the_middle_is_not_repeated_silently(world: World) -> None:
    """The connection ends when a part of a large body was read."""

    def serve(connection: Connection) -> None:
        if connection.request():
            connection.send(OK)
            connection.socket.recv(100_000)
            connection.reset()

    with RawServer(serve) as server:
        client = AIModelClient(endpoint(server.url))
        prompt = "x" * 8_000_000
        if isinstance(world, Async):

            async def ask() -> None:
                await client.generate_async("?", retries=0)
                with pytest.raises(ConnectionFailedError):
                    await client.generate_async(prompt, retries=0)
                await client.aclose()

            world.start(ask)
        else:
            client.generate("?", retries=0)
            with pytest.raises(ConnectionFailedError):
                client.generate(prompt, retries=0)
            client.close()
        assert server.connections == 1
