"""Names that no host can have are typed errors over every transport, in base URLs and as proxies."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError, DhenaraError
from dhenara.ai.http.sockets.connection import addresses
from support.worlds import WORLDS, World, endpoint

NAMES = ["a" * 70 + ".invalid", "a..invalid", ".invalid", "..", "xn--.invalid"]
CASES = [
    pytest.param(name, world, id=f"{name}-{world.name}")
    for name in ("builtin", "httpx2", "aiohttp")
    for world in WORLDS
    if name != "aiohttp" or world.name in ("asyncio", "uvloop")
]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up that knows no name, with the errors of the system for those that cannot be encoded."""

    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        (host if isinstance(host, str) else host.decode()).encode("idna")
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize("host", NAMES, ids=[name[-12:] for name in NAMES])
@pytest.mark.parametrize(("transport", "world"), CASES)
def test_a_base_url(transport: str, world: World, host: str) -> None:
    if world.name == "uvloop" and transport != "aiohttp":
        pytest.skip("uvloop looks names up by itself")
    client = AIModelClient(endpoint(f"http://{host}:9"), transport=transport)  # type: ignore[arg-type]
    with pytest.raises(DhenaraError, match=r"openai|address"):
        world.run(client, "?", retries=0, timeout=100)
    world.close(client)


@pytest.mark.parametrize("host", ["a" * 70 + ".invalid", "a..invalid", ".invalid", "..", "ü" * 70])
@pytest.mark.parametrize(("transport", "world"), CASES)
def test_a_proxy(transport: str, world: World, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://{host}:9")
    client = AIModelClient(endpoint("http://api.invalid"), transport=transport)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="HTTP_PROXY is not a valid proxy URL"):
        world.run(client, "?", retries=0, timeout=100)
    world.close(client)


@pytest.mark.parametrize("timeout", [None, 10.0])
def test_the_look_up_of_a_thread_does_not_die_of_a_name(timeout: float | None) -> None:
    with pytest.raises(OSError, match="cannot be the name of a host"):
        addresses("ü" * 70, 9, timeout, socket.getaddrinfo)
