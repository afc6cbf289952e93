"""What is not a public address is not fetched, however it is written, and the address checked is the one used."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import FetchError
from dhenara.ai.http.protocol.addresses import is_public
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.testing.answer import Raw
from dhenara.ai.types import ImageContent, Message
from support.worlds import World, endpoint

PRIVATE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254",
    "168.63.129.16", "169.254.169.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.8", "192.0.0.170", "192.0.0.171", "192.0.0.192", "192.0.2.1",
    "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::10.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:8.8.8.8",
    "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "64:ff9b:1:fffe::8.8.8.8", "100::1", "100:0:0:1::1",
    "2001::1", "2001:2::1", "2001:10::1", "2001:db8::1", "2001:1::4", "2001:1ff::1", "2002:7f00:1::", "2002:a00:1::1",
    "2002:a9fe:a9fe::1", "3fff::1", "3fff:fff::1", "4000::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1",
    "fe80::1%eth0",
    "fec0::1", "feff::1", "ff02::1", "ff0e::1", "2606:4700::1111%1", "2606:4700::5efe:10.0.0.1",
    "2606:4700::200:5efe:192.168.0.1",
    # Teredo: the server, or the client with its bits inverted, is private.
    "2001:0:7f00:1::f7f7:f7f7", "2001:0:808:808::80ff:fffe",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "192.0.0.9",
    "192.0.0.10", "192.0.1.1", "192.31.196.1", "192.52.193.1", "192.175.48.1", "198.17.255.255", "198.20.0.0",
    "223.255.255.255",
    "2606:4700::1111", "2620:4f:8000::1", "2001:4860:4860::8888", "2001:1::1", "2001:1::2", "2001:1::3", "2001:3::1",
    "2001:4:112::1", "2001:20::1", "2001:30::1", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
    "2002:808:808::1",
    "2001:0:808:808::f7f7:f7f7", "3ffe::1",
]  # fmt: skip
NO_ADDRESS = [
    "",
    "localhost",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
    "8.8.8.8.",
    "0x8.8.8.8",
    "８.8.8.8",
    "8.8.8",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NO_ADDRESS)
def test_what_is_no_plain_address(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("name", ["is_global", "is_private", "is_reserved", "is_multicast", "is_link_local"])
def test_the_table_does_not_depend_on_the_release_of_python(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (ipaddress.IPv4Address, ipaddress.IPv6Address):
        monkeypatch.setattr(kind, name, property(lambda self: (_ for _ in ()).throw(AssertionError("asked"))))
    assert not any(map(is_public, PRIVATE))
    assert all(map(is_public, PUBLIC))


def picture(url: str) -> dict[str, Any]:
    return {"messages": [Message(role="user", contents=[ImageContent.from_url(url)])], "retries": 0}


TRANSPORTS = [None, "httpx2"]
SPELLINGS = [
    "127.0.0.1", "127.0.0.1.", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "localhost", "localhost.",
    "LOCALHOST", "[::1]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[fe80::1%25lo]", "[64:ff9b::7f00:1]",
    "\uff11\uff12\uff17.0.0.1", "0",
]  # fmt: skip


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_is_fetched(host: str, transport: Any, world: World, server: FakeServer) -> None:
    port = server.url.rpartition(":")[2]
    client = AIModelClient(endpoint(server.url, "google_ai"), transport=transport)
    with pytest.raises(FetchError):
        world.run(client, **picture(f"http://{host}:{port}/cat.png"))
    assert server.exchanges == []
    world.close(client)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Name servers that answer the first look-up with a public address, and each later one with another."""
    real, requested = socket.getaddrinfo, []

    def answering(first: str, later: str) -> list[str]:
        def lookup(host: Any, *args: Any, **kwargs: Any) -> Any:
            name = host.decode() if isinstance(host, bytes) else str(host)
            if not name.endswith(".example"):
                return real(host, *args, **kwargs)
            requested.append(name)
            return real(first if len(requested) == 1 else later, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", lookup)
        monkeypatch.setattr("dhenara.ai.pipeline.media_fetch.is_public", lambda address: address == "127.0.0.1")
        return requested

    return answering


def png() -> Raw:
    return Raw(b"\x89PNG\r\n\x1a\n" + bytes(64), headers={"content-type": "image/png"})


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_address_checked_is_the_address_connected_to(
    transport: Any, world: World, server: FakeServer, names: Callable[..., list[str]]
) -> None:
    requested = names("127.0.0.1", "127.0.0.2")
    server.add_replies(Answer(text="A cat."))
    with FakeServer() as web:
        web.add_replies(png())
        port = web.url.rpartition(":")[2]
        client = AIModelClient(endpoint(server.url, "google_ai"), transport=transport)
        world.run(client, **picture(f"http://cats.example:{port}/cat.png"))
        assert web.exchanges[0].headers["host"] == f"cats.example:{port}"
    assert requested == ["cats.example"]
    world.close(client)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_name_that_turns_private_between_check_and_use_is_not_connected_to(
    transport: Any, world: World, server: FakeServer, names: Callable[..., list[str]]
) -> None:
    names("127.0.0.2", "127.0.0.1")
    port = server.url.rpartition(":")[2]
    client = AIModelClient(endpoint(server.url, "google_ai"), transport=transport)
    with pytest.raises(FetchError, match="not a public address"):
        world.run(client, **picture(f"http://cats.example:{port}/cat.png"))
    assert server.exchanges == []
    world.close(client)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_redirect_is_held_to_the_same(
    transport: Any, world: World, server: FakeServer, names: Callable[..., list[str]]
) -> None:
    names("127.0.0.1", "127.0.0.2")
    with FakeServer() as web:
        port = web.url.rpartition(":")[2]
        web.add_replies(Raw(status=302, headers={"location": "http://[::1]:1/x", "content-length": "0"}))
        client = AIModelClient(endpoint(server.url, "google_ai"), transport=transport)
        with pytest.raises(FetchError, match="not a public address"):
            world.run(client, **picture(f"http://cats.example:{port}/cat.png"))
        assert len(web.exchanges) == 1
    world.close(client)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_proxy_is_given_the_address_that_was_checked(
    transport: Any, world: World, server: FakeServer, names: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy looks names up by itself, in another network perhaps."""
    names("127.0.0.1", "127.0.0.2")
    server.add_replies(Answer(text="A cat."))
    with FakeServer() as proxy:
        proxy.add_replies(png())
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        client = AIModelClient(endpoint(server.url, "google_ai"), transport=transport)
        world.run(client, **picture("http://cats.example/cat.png"))
        assert proxy.exchanges[0].path.startswith("http://127.0.0.1:80/") or "127.0.0.1" in proxy.exchanges[0].path
        assert proxy.exchanges[0].headers["host"] == "cats.example"
    world.close(client)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_tunnel_goes_to_the_address_that_was_checked(
    transport: Any, world: World, server: FakeServer, names: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    names("127.0.0.1", "127.0.0.2")
    with FakeServer() as proxy:
        proxy.add_replies(Raw(status=403), Raw(status=403), Raw(status=403))
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        client = AIModelClient(endpoint(server.url, "google_ai"), transport=transport)
        with pytest.raises(FetchError):
            world.run(client, **picture("https://cats.example/cat.png"))
        assert [one.path for one in proxy.exchanges] == ["127.0.0.1:443"]
    world.close(client)


def test_transports_of_httpx2_are_given_the_address_too(
    server: FakeServer, names: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    httpx2 = pytest.importorskip("httpx2")
    requested = names("127.0.0.1", "127.0.0.2")
    server.add_replies(Answer(text="A cat."))
    with FakeServer() as web:
        web.add_replies(png())
        port = web.url.rpartition(":")[2]
        with AIModelClient(endpoint(server.url, "google_ai"), transport=httpx2.HTTPTransport()) as client:
            client.generate(**picture(f"http://cats.example:{port}/cat.png"))
        assert web.exchanges[0].headers["host"] == f"cats.example:{port}"
    assert requested == ["cats.example"]


@pytest.mark.parametrize("url", ["http://169.254.169.254/latest", "http://[fec0::1]/", "http://192.0.0.192/opc/v2"])
def test_what_a_provider_left_elsewhere_is_held_to_the_same(url: str, world: World, server: FakeServer) -> None:
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(FetchError, match="not a public address"):
        world.ask(client, "download", ImageContent.from_url(url))
    world.close(client)
