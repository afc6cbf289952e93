"""What is sent: exactly the request that was given, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dhenara.ai.http.protocol.http1 import InvalidRequest

from .peers import read, send, serving
from .probe import Probe
from .row import Row, head, row, sized

OK = sized(b"ok")


class Pieces:
    """A body that is never held at once."""

    size = 300_000

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(30):
            yield b"0123456789" * 1_000


@row("the body and its length", serving(OK))
async def body_and_length(probe: Probe) -> None:
    await probe.exchange(body=b"hello, world")
    (request,) = probe.peer.received
    assert (request.body, request.header("content-length")) == (b"hello, world", ["12"])


@row("an empty body of POST has a length", serving(OK))
async def empty_body(probe: Probe) -> None:
    await probe.exchange(body=b"")
    assert probe.peer.received[0].header("content-length") == ["0"]


@row("GET has no body and no length", serving(OK))
async def get(probe: Probe) -> None:
    await probe.exchange("GET", body=b"")
    (request,) = probe.peer.received
    assert (request.method, request.body, request.header("transfer-encoding")) == ("GET", b"", [])


@row("the headers that were given and no others", serving(OK))
async def only_given_headers(probe: Probe) -> None:
    await probe.exchange(headers={"x-one": "1", "authorization": "Bearer secret", "accept": "text/plain"})
    (request,) = probe.peer.received
    names = [name for name, _ in request.headers]
    assert sorted(set(names) - {"connection"}) == ["accept", "authorization", "content-length", "host", "x-one"]
    assert len(names) == len(set(names))


@row("no coding is offered that was not asked for", serving(OK))
async def no_offered_coding(probe: Probe) -> None:
    await probe.exchange()
    assert probe.peer.received[0].header("accept-encoding") in ([], ["identity"])


@row("the host with its port", serving(OK))
async def host_with_port(probe: Probe) -> None:
    await probe.exchange()
    assert probe.peer.received[0].header("host") == [f"127.0.0.1:{probe.peer.port}"]


@row("an IPv6 host in brackets", serving(OK), peer={"host": "::1"})
async def ipv6_host(probe: Probe) -> None:
    assert (await probe.exchange()).body == b"ok"
    assert probe.peer.received[0].header("host") == [f"[::1]:{probe.peer.port}"]


@row("a name with two addresses of which one answers", serving(OK))
async def two_addresses(probe: Probe) -> None:
    assert (await probe.exchange(url=f"http://localhost:{probe.peer.port}/")).body == b"ok"


@row("an address that was looked up before is the one that is connected to", serving(OK))
async def pinned_address(probe: Probe) -> None:
    url = f"http://nowhere.invalid:{probe.peer.port}/"
    assert (await probe.exchange(url=url, address="127.0.0.1")).body == b"ok"
    assert probe.peer.received[0].header("host") == [f"nowhere.invalid:{probe.peer.port}"]


@row("path and query are sent as they are written", serving(OK))
async def target_as_written(probe: Probe) -> None:
    target = "/a%2Fb/c%20d/%7Euser/models:embed?key=a%2Bb&q=x+y&empty=&tilde=~&at=@:"
    await probe.exchange(path=target)
    assert probe.peer.received[0].target == target


@row("dots in a path are sent as they are written", serving(OK))
async def dots_as_written(probe: Probe) -> None:
    await probe.exchange(path="/a/../b/./c")
    assert probe.peer.received[0].target == "/a/../b/./c"


@row("an address without a path", serving(OK))
async def no_path(probe: Probe) -> None:
    await probe.exchange(url=f"{probe.peer.url}?a=1")
    assert probe.peer.received[0].target == "/?a=1"


@row("a body in pieces has its length and arrives whole", serving(OK))
async def pieces(probe: Probe) -> None:
    await probe.exchange(body=Pieces())
    (request,) = probe.peer.received
    assert request.header("content-length") == ["300000"]
    assert (len(request.body), request.header("transfer-encoding")) == (300_000, [])


@row("a body of 4 MB arrives whole", serving(OK))
async def large_body(probe: Probe) -> None:
    body = bytes(range(256)) * 16_384
    await probe.exchange(body=body)
    assert probe.peer.received[0].body == body


@row("cookies are not sent back", serving(sized(b"ok", "set-cookie: session=1; path=/")))
async def no_cookies(probe: Probe) -> None:
    await probe.exchange()
    await probe.exchange()
    assert [request.header("cookie") for request in probe.peer.received] == [[], []]


REDIRECT = [read, send(head(307, "location: /elsewhere", "content-length: 0")), *serving(OK)]


@row("redirects are not followed", REDIRECT)
async def no_redirects(probe: Probe) -> None:
    answered = await probe.exchange()
    assert (answered.status, answered.headers["location"], len(probe.peer.received)) == (307, "/elsewhere", 1)


NETRC = {"NETRC": "/nonexistent/.netrc"}


@row("a password file is not used", serving(OK), environment=NETRC)
async def no_netrc(probe: Probe) -> None:
    """The fixture of the suite points NETRC at a file with a password for 127.0.0.1."""
    await probe.exchange()
    assert probe.peer.received[0].header("authorization") == []


async def refused(probe: Probe, **request: Any) -> None:
    with pytest.raises(InvalidRequest):
        await probe.exchange(**request)
    assert probe.peer.received == []


@row("a header value with a line end is refused", serving(OK))
async def header_injection(probe: Probe) -> None:
    await refused(probe, headers={"x-a": "1\r\nx-b: 2"})


@row("a header name with a space is refused", serving(OK))
async def header_name(probe: Probe) -> None:
    await refused(probe, headers={"x a": "1"})


@row("a method with a space is refused", serving(OK))
async def method(probe: Probe) -> None:
    await refused(probe, method="GET /x HTTP/1.1\r\nx:")


@row("a header that is not Latin-1 is refused", serving(OK))
async def foreign_header(probe: Probe) -> None:
    await refused(probe, headers={"x-a": "日本"})


@row("a length that contradicts the body is refused", serving(OK))
async def wrong_length(probe: Probe) -> None:
    await refused(probe, headers={"content-length": "99"}, body=b"hello")


ROWS: list[Row] = [value for value in list(globals().values()) if isinstance(value, Row)]
