"""Proofs that are fetched: once for all who need one, again before they end, and shown to nobody else."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
import trio

from dhenara.ai import AIModelClient, Provider, Route, register_provider
from dhenara.ai.codecs.quirks import ChatQuirks
from dhenara.ai.errors import (
    AuthenticationError,
    CallTimeoutError,
    ConnectionFailedError,
)
from dhenara.ai.http.protocol.message import AttemptTimeouts, Head, HttpRequest
from dhenara.ai.io.protocol import IO
from dhenara.ai.io.sync_io import run
from dhenara.ai.pipeline.authentication import with_authentication
from dhenara.ai.providers import provider as registry
from dhenara.ai.providers.auth import Token
from dhenara.ai.providers.target import resolve
from dhenara.ai.testing import Answer, CutReply, FakeServer, Raw, Refusal, Stall
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint
from support.waiting import wait_until_async
from support.worlds import World


class Giver:
    """Gives numbered proofs that are good for a while."""

    def __init__(self, good_for: float | None = 3_600.0, takes: float = 0.0) -> None:
        self.good_for = good_for
        self.takes = takes
        self.held = False
        """While it is set, nothing is given."""
        self.requested = 0
        self.given = 0
        self.failure: Exception | None = None

    async def __call__(self, io: IO, timeouts: AttemptTimeouts) -> Token:
        self.requested += 1
        if self.takes:
            await io.sleep(self.takes)
        while self.held:
            await io.sleep(0.005)
        if self.failure is not None:
            raise self.failure
        self.given += 1
        ends = None if self.good_for is None else io.time() + self.good_for
        return Token(f"token-{self.given}", good_until=ends)


@pytest.fixture
def giver() -> Any:
    """A provider that asks this one for its proofs."""
    giver = Giver()
    route = Route("openai_chat", ChatQuirks())
    register_provider(Provider("badge", "https://badge.example", (route,), token_source=lambda *_: giver))
    yield giver
    registry.unregister_provider("badge")


def client_of(server: FakeServer, provider: str = "badge", **credentials: Any) -> AIModelClient:
    api = AIModelAPI(provider=provider, credentials=credentials or {"any": "thing"}, config={"base_url": server.url})
    return AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m")))


def shown(server: FakeServer) -> list[str]:
    return [requested.headers["authorization"].removeprefix("Bearer ") for requested in server.exchanges]


def test_one_proof_serves_many_calls(world: World, giver: Giver) -> None:
    with FakeServer(Answer(text="Hello!"), forever=True) as server:
        client = client_of(server)
        for _ in range(3):
            world.run(client, "?")
        world.stream(client, "?")
        world.close(client)
        assert shown(server) == ["token-1"] * 4


@pytest.mark.parametrize("start", [lambda work: asyncio.run(work()), trio.run], ids=["asyncio", "trio"])
def test_all_who_come_at_once_share_one_fetch(start: Any, giver: Giver) -> None:
    giver.takes = 0.1
    with FakeServer(Answer(text="Hello!"), forever=True) as server:
        client = client_of(server)

        async def all_at_once() -> None:
            import anyio

            async with anyio.create_task_group() as group:
                for _ in range(20):
                    group.start_soon(client.generate_async, "?")
            await client.aclose()

        start(all_at_once)
        assert shown(server) == ["token-1"] * 20


def test_threads_share_one_fetch_too(giver: Giver) -> None:
    giver.good_for = 1
    with FakeServer(Answer(text="Hello!"), forever=True) as server, client_of(server) as client:
        client.generate("?")
        giver.good_for, giver.takes = 3_600, 0.1
        threads = [threading.Thread(target=client.generate, args=("?",)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert shown(server) == ["token-1", *["token-2"] * 8]


def test_who_waits_for_a_fetch_that_fails_fails_with_it() -> None:
    async def refuse(io: IO, timeouts: AttemptTimeouts) -> Token:
        for _ in range(100):  # steps of the loop, in which the others come
            await asyncio.sleep(0)
        requested.append(1)
        raise AuthenticationError("no")

    requested: list[int] = []
    register_provider(
        Provider("closed", "https://x.example", (Route("openai_chat", ChatQuirks()),), token_source=lambda *_: refuse)
    )

    async def all_at_once(client: AIModelClient) -> list[Any]:
        return await asyncio.gather(*(client.generate_async("?") for _ in range(5)), return_exceptions=True)

    with FakeServer() as server:
        ends = asyncio.run(all_at_once(client_of(server, "closed")))
    registry.unregister_provider("closed")
    assert [type(end) for end in ends] == [AuthenticationError] * 5
    assert requested == [1]


def test_a_cancelled_token_fetch_is_repeated_by_a_waiter(giver: Giver) -> None:
    giver.held = True

    async def give_up(client: AIModelClient) -> None:
        first = asyncio.create_task(client.generate_async("?"))
        await wait_until_async(lambda: giver.requested == 1)
        second = asyncio.create_task(client.generate_async("?"))
        await asyncio.sleep(0.05)
        first.cancel()
        await wait_until_async(lambda: giver.requested == 2)
        giver.held = False
        assert (await second).chat_response is not None
        await client.aclose()

    with FakeServer(Answer(text="Hello!")) as server:
        asyncio.run(give_up(client_of(server)))
        assert shown(server) == ["token-1"]


def test_a_proof_is_replaced_before_it_ends(world: World, giver: Giver) -> None:
    giver.good_for = 200
    with FakeServer(Answer(text="Hello!"), forever=True) as server:
        client = client_of(server)
        world.run(client, "?")
        world.run(client, "?")
        giver.failure = AuthenticationError("not now")
        # While the old one is still good, a failed renewal harms nobody.
        world.run(client, "?")
        world.close(client)
        assert shown(server) == ["token-1", "token-2", "token-2"]


def test_while_one_renews_a_proof_the_others_use_the_old_one(giver: Giver) -> None:
    giver.good_for = 100

    async def ask(client: AIModelClient) -> None:
        await client.generate_async("?")
        giver.good_for, giver.held = 3_600, True
        renewing = asyncio.create_task(client.generate_async("?"))
        await wait_until_async(lambda: giver.requested == 2)
        await client.generate_async("?")
        assert not renewing.done()
        giver.held = False
        await renewing
        await client.aclose()

    with FakeServer(Answer(text="Hello!"), forever=True) as server:
        asyncio.run(ask(client_of(server)))
        assert shown(server) == ["token-1", "token-1", "token-2"]


def test_a_giver_that_cannot_be_reached_is_tried_again(world: World) -> None:
    info = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r"}
    api = AIModelAPI(
        provider="google_vertex_ai",
        credentials={**info, "token_uri": "http://127.0.0.1:9/token"},
        config={"project_id": "p", "base_url": "http://127.0.0.1:9"},
    )
    client = AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="gemini-2.5-flash")))
    with pytest.raises(ConnectionFailedError, match="could not reach the token server") as caught:
        world.run(client, "?", retries=1)
    world.close(client)
    assert len(caught.value.attempts) == 2
    assert caught.value.provider == "google_vertex_ai"


def test_who_waits_for_a_token_waits_no_longer_than_its_own_deadline(giver: Giver) -> None:
    giver.held = True

    async def ask(client: AIModelClient) -> None:
        first = asyncio.create_task(client.generate_async("?"))
        await wait_until_async(lambda: giver.requested == 1)
        with pytest.raises(CallTimeoutError):
            await client.generate_async("?", timeout=0.1)
        assert not first.done()
        giver.held = False
        await first
        await client.aclose()

    with FakeServer(Answer(text="Hello!"), forever=True) as server:
        asyncio.run(ask(client_of(server)))


def test_a_proof_that_is_good_for_a_moment_is_fetched_for_every_request(world: World, giver: Giver) -> None:
    giver.good_for = None
    with FakeServer(Answer(text="Hello!"), forever=True) as server:
        client = client_of(server)
        world.run(client, "?")
        world.run(client, "?")
        world.close(client)
        assert shown(server) == ["token-1", "token-2"]


def test_a_proof_that_is_refused_before_its_time_is_replaced_once(world: World, giver: Giver) -> None:
    with FakeServer(Answer(text="Hello!"), Refusal(401), Answer(text="Again!"), Refusal(401), Refusal(401)) as server:
        client = client_of(server)
        world.run(client, "?")
        assert world.run(client, "?").chat_response.text() == "Again!"
        with pytest.raises(AuthenticationError):
            world.run(client, "?", retries=1)
        world.close(client)
        assert shown(server) == ["token-1", "token-1", "token-2", "token-2", "token-3"]


def test_a_proof_goes_to_its_own_host_only(giver: Giver) -> None:
    sent: list[HttpRequest] = []

    class Recording:
        async def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> Any:
            sent.append(request)
            return type("Answered", (), {"head": Head(200)})()

        def time(self) -> float:
            return 0.0

    api = AIModelAPI(provider="badge", credentials={"any": "thing"})
    target = resolve(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m")), {})
    io = with_authentication(Recording(), target)  # type: ignore[arg-type]  # two of the world's questions are asked
    timeouts: Any = None
    for url in (
        "https://badge.example/v1",
        "https://badge.example.evil/v1",
        "http://badge.example/v1",
        "https://other/",
    ):
        run(io.open(HttpRequest("GET", url), timeouts))
    assert ["authorization" in request.headers for request in sent] == [True, False, False, False]


def test_the_deadline_holds_for_the_token_too(world: World) -> None:
    with FakeServer(CutReply(Raw(), 0, Stall())) as tokens, FakeServer() as server:
        info = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r"}
        api = AIModelAPI(
            provider="google_vertex_ai",
            credentials={**info, "token_uri": tokens.url},
            config={"project_id": "p", "base_url": server.url},
        )
        client = AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="gemini-2.5-flash")))
        with pytest.raises(CallTimeoutError):
            world.run(client, "?", timeout=0.3)
        world.close(client)
