"""Rows: a name, a scripted peer, and what must come of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .peers import Action, PeerConnection, hang_up, read, send
from .probe import Check, Probe

ALL = ("sync", "asyncio", "uvloop", "trio")
ASYNC = ("asyncio", "uvloop", "trio")
TRANSPORTS = {"builtin": ALL, "httpx2": ALL, "aiohttp": ("asyncio", "uvloop")}
"""The worlds that each transport has."""


@dataclass(frozen=True)
class Row:
    """One behaviour."""

    name: str
    scripts: Sequence[Sequence[Action]]
    check: Check
    worlds: tuple[str, ...] = ALL
    peer: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)


def head(status: int = 200, *headers: str, version: str = "1.1") -> bytes:
    lines = [f"HTTP/{version} {status} Reason", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def sized(body: bytes, *headers: str, status: int = 200) -> bytes:
    """A response with a content length."""
    return head(status, f"content-length: {len(body)}", *headers) + body


def chunked(*parts: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    return head(200, "transfer-encoding: chunked") + b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in parts) + end


def response_row(name: str, response: bytes, *then: Action, body: bytes, method: str = "POST", **expected: Any) -> Row:
    """A response that is read as this body, and perhaps with this status and these headers."""

    async def check(probe: Probe) -> None:
        answered = await probe.exchange(method, body=b"" if method in ("GET", "HEAD") else b"{}")
        assert answered.body == body
        assert answered.status == expected.get("status", 200)
        for key, value in expected.get("headers", {}).items():
            assert answered.headers.get(key) == value

    return Row(name, [[read, send(response), *(then or (wait,))]], check)


def refusal_row(name: str, response: bytes, *then: Action) -> Row:
    """A response that is refused with an error of the transport, never taken for a whole one."""

    async def check(probe: Probe) -> None:
        await probe.failure()

    return Row(name, [[read, send(response), *(then or (hang_up,))]], check)


def wait(connection: PeerConnection) -> bool:
    """Until the client hangs up or sends another request, which ends the connection."""
    connection.read_request()
    return False


def row(
    name: str, *scripts: Sequence[Action], worlds: tuple[str, ...] = ALL, **more: Any
) -> Callable[[Callable[[Probe], Awaitable[None]]], Row]:
    """A row whose expectation is the decorated function."""

    def made(check: Callable[[Probe], Awaitable[None]]) -> Row:
        return Row(name, scripts, check, worlds, **more)

    return made
