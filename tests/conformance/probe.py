"""A transport in a world, as rows use it: one body of code for threads, asyncio, uvloop and trio."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio

from dhenara.ai import AIModelClient
from dhenara.ai.errors import DhenaraError
from dhenara.ai.http.protocol.message import (
    ConnectFailed,
    ConnectionBroken,
    HttpRequest,
    ReadTimeout,
    Response,
    Transport,
)
from dhenara.ai.http.tls_settings import DEFAULT_TLS, TlsSettings
from dhenara.ai.http.transport_selection import choose_transport
from dhenara.ai.io.sync_io import run
from dhenara.ai.pipeline.timeouts import TimeoutPolicy
from dhenara.ai.types import Timeouts
from dhenara.ai.wire.sse import BrokenFraming
from support.worlds import endpoint

from .peers import OVER, Peer

WIRE_ERRORS = (ConnectFailed, ConnectionBroken, ReadTimeout, BrokenFraming)
LONGEST_ROW = float(os.environ.get("ROW_SECONDS", "40"))
Check = Callable[["Probe"], Awaitable[None]]


@dataclass
class Answered:
    """A whole response."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Probe:
    """One transport in one world, and the peer of the row."""

    name: str
    world: str
    peer: Peer
    tls: TlsSettings = DEFAULT_TLS
    longest_wait: float = LONGEST_ROW / 2
    _transport: Transport | None = None
    _clients: list[AIModelClient] = field(default_factory=list)

    @property
    def is_async(self) -> bool:
        return self.world != "sync"

    @property
    def transport(self) -> Transport:
        if self._transport is None:
            self._transport = choose_transport(self.name, self.tls, is_async=self.is_async)
        return self._transport

    def limits(self, total: float | None = None, **seconds: float) -> TimeoutPolicy:
        """Every limit is far away, unless it is named."""
        timeouts = Timeouts(**{"connect": 40.0, "first_token": 40.0, "idle": 40.0, **seconds})
        return TimeoutPolicy(timeouts, None if total is None else time.monotonic() + total, time.monotonic)

    async def open(
        self,
        method: str = "POST",
        path: str = "/",
        headers: dict[str, str] | None = None,
        body: Any = b"{}",
        limits: TimeoutPolicy | None = None,
        url: str | None = None,
        **more: Any,
    ) -> Response:
        request = HttpRequest(method, url or f"{self.peer.url}{path}", headers or {}, body, **more)
        return await self.transport.open(request, limits or self.limits())

    async def exchange(self, *args: Any, **options: Any) -> Answered:
        response = await self.open(*args, **options)
        try:
            body = b""
            while chunk := await response.read():
                body += chunk
        finally:
            await response.close()
        return Answered(response.head.status, dict(response.head.headers), body)

    async def failure(self, *args: Any, **options: Any) -> Exception:
        """The error of the transport that ends an exchange; anything else is a failing row."""
        try:
            answered = await self.exchange(*args, **options)
        except WIRE_ERRORS as error:
            return error
        raise AssertionError(f"no error, but {answered}")

    def client(self, **options: Any) -> AIModelClient:
        """A client of the peer over this transport; closed with the row."""
        provider_url = options.pop("url", self.peer.url)
        client = AIModelClient(endpoint(provider_url), transport=self.name, **options)  # type: ignore[arg-type]
        self._clients.append(client)
        return client

    async def generate(self, client: AIModelClient, prompt: str = "?", **options: Any) -> Any:
        options = {"retries": 0, **options}
        if self.is_async:
            return await client.generate_async(prompt, **options)
        return client.generate(prompt, **options)

    async def stream(self, client: AIModelClient, prompt: str = "?", **options: Any) -> AsyncIterator[Any]:
        """The `(chunk, final)` tuples."""
        response = await self.generate(client, prompt, streaming=True, **options)
        if not self.is_async:
            for pair in response.stream_generator:
                yield pair
            return
        async for pair in response.async_stream_generator:
            yield pair

    async def call_failure(self, client: AIModelClient, **options: Any) -> DhenaraError:
        """The error that ends a call."""
        try:
            await self.generate(client, **options)
        except DhenaraError as error:
            return error
        raise AssertionError("no error")

    async def until(self, condition: Callable[[], Any], what: str) -> None:
        """Waits for something that the peer sees."""
        deadline = time.monotonic() + self.longest_wait
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"not in time: {what}")
            await self.pause(0.002)

    async def pause(self, seconds: float) -> None:
        if self.is_async:
            await anyio.sleep(seconds)
        else:
            time.sleep(seconds)

    async def close(self) -> None:
        for client in self._clients:
            if self.is_async:
                await client.aclose()
            else:
                client.close()
        if self._transport is not None:
            await self._transport.close()


async def checked(probe: Probe, check: Check) -> None:
    """Runs a row, and then the law of all rows: once everything is closed, no connection is left."""
    try:
        await check(probe)
    finally:
        await probe.close()
    probe.peer.event(OVER).set()
    await probe.until(lambda: probe.peer.open_connections == 0, "every connection is closed with the client")


def run_in(world: str, work: Callable[[], Awaitable[None]]) -> None:
    """Runs it to its end in this world."""

    async def bounded() -> None:
        with anyio.fail_after(LONGEST_ROW):
            await work()

    match world:
        case "sync":
            run(work())  # type: ignore[arg-type]
        case "asyncio":
            asyncio.run(bounded())
        case "uvloop":
            import uvloop

            uvloop.run(bounded())
        case "trio":
            import trio

            trio.run(bounded)


@asynccontextmanager
async def in_background(work: Callable[[], Awaitable[Any]]) -> AsyncIterator[anyio.abc.TaskGroup]:
    """Runs work concurrently with the block, and cancels it at the block's end."""
    async with anyio.create_task_group() as group:
        group.start_soon(work)
        yield group
        group.cancel_scope.cancel()
