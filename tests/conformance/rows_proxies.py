"""Proxies: which one is used, what it is sent, what it answers, and what becomes of its password."""

from __future__ import annotations

import base64
import traceback

import pytest

from dhenara.ai.errors import CallTimeoutError, ConfigurationError, ConnectionFailedError, ProxyError
from dhenara.ai.http.protocol.message import ReadTimeout
from dhenara.ai.http.tls_settings import tls_settings
from dhenara.ai.types import Timeouts

from .peers import Action, hang_up, pause, read, send, serving, stall
from .probe import Probe
from .row import Row, head, row, sized
from .rows_tls import authority, over_tls

OK = sized(b"ok")
HTTP = {"http_proxy": "http://127.0.0.1:{port}"}
HTTPS = {"https_proxy": "http://127.0.0.1:{port}"}
PASSWORD = "pass-w@rd:1"
TOKEN = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
LOGIN = "http://me:pass-w%40rd%3A1@127.0.0.1:{port}"
SECURE = "https://api.example/v1"
PLAIN = "http://api.example/v1"
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


def through(*after: Action, answer: bytes = ESTABLISHED) -> list[Action]:
    """A proxy that opens the way to a host that speaks TLS."""
    return [read, send(answer), *over_tls(*after, names=("api.example",))]


def trusting(probe: Probe) -> None:
    probe.tls = tls_settings(authority().bundle)


async def direct(probe: Probe, url: str) -> bool:
    """Whether a request goes past the proxy. The peer is both the proxy and, as this machine, the host."""
    await probe.exchange(url=url)
    return not probe.peer.received[-1].target.startswith("http://")


@row("plain requests name the whole address", serving(OK), environment=HTTP)
async def absolute_form(probe: Probe) -> None:
    assert (await probe.exchange(url=PLAIN + "?a=1")).body == b"ok"
    (request,) = probe.peer.received
    assert (request.method, request.target, request.header("host")) == ("POST", PLAIN + "?a=1", ["api.example"])


@row("secure requests travel through a tunnel", through(*serving(OK)), environment=HTTPS)
async def tunnel(probe: Probe) -> None:
    trusting(probe)
    assert (await probe.exchange(url=SECURE)).body == b"ok"
    connect, request = probe.peer.received
    assert (connect.method, connect.target, connect.header("host")) == (
        "CONNECT",
        "api.example:443",
        ["api.example:443"],
    )
    assert (request.method, request.target) == ("POST", "/v1")


@row("a tunnel is used again", through(*serving(OK)), environment=HTTPS)
async def tunnel_reused(probe: Probe) -> None:
    trusting(probe)
    await probe.exchange(url=SECURE)
    await probe.exchange(url=SECURE)
    assert (probe.peer.connections, [one.method for one in probe.peer.received]) == (1, ["CONNECT", "POST", "POST"])


@row(
    "a tunnel of a proxy that speaks HTTP/1.0",
    through(*serving(OK), answer=b"HTTP/1.0 200 OK\r\n\r\n"),
    environment=HTTPS,
)
async def old_proxy(probe: Probe) -> None:
    trusting(probe)
    assert (await probe.exchange(url=SECURE)).body == b"ok"


@row("the certificate in a tunnel is verified", through(*serving(OK)), environment=HTTPS)
async def tunnel_verified(probe: Probe) -> None:
    trusting(probe)
    await probe.failure(url="https://other.example/")


@row("name and password go to the proxy and not to the host", through(*serving(OK)), environment={"https_proxy": LOGIN})
async def tunnel_login(probe: Probe) -> None:
    trusting(probe)
    await probe.exchange(url=SECURE, headers={"authorization": "Bearer key"})
    connect, request = probe.peer.received
    assert (connect.header("proxy-authorization"), connect.header("authorization")) == ([f"Basic {TOKEN}"], [])
    assert (request.header("proxy-authorization"), request.header("authorization")) == ([], ["Bearer key"])


@row("name and password of a plain request", serving(OK), environment={"http_proxy": LOGIN})
async def plain_login(probe: Probe) -> None:
    await probe.exchange(url=PLAIN)
    assert probe.peer.received[0].header("proxy-authorization") == [f"Basic {TOKEN}"]


def refusing_row(status: int, *, retried: bool) -> Row:
    response = head(status, "content-length: 0", "connection: close")

    @row(f"a tunnel refused with {status}", [read, send(response)], environment=HTTPS)
    async def check(probe: Probe) -> None:
        failed = await probe.call_failure(probe.client(url="https://api.example"), retries=1)
        assert isinstance(failed, ProxyError), repr(failed)
        assert (failed.status, len(failed.attempts)) == (status, 2 if retried else 1)
        assert "HTTPS_PROXY" in str(failed)

    return check


@row(
    "a plain request refused with 407",
    serving(head(407, "proxy-authenticate: Basic", "content-length: 0")),
    environment=HTTP,
)
async def plain_407(probe: Probe) -> None:
    failed = await probe.call_failure(probe.client(url="http://api.example"), retries=3)
    assert isinstance(failed, ProxyError)
    assert (failed.status, len(failed.attempts)) == (407, 1)


@row("a tunnel that is not answered ends by connect", [read, stall], environment=HTTPS)
async def stalled_tunnel(probe: Probe) -> None:
    client = probe.client(url="https://api.example")
    failed = await probe.call_failure(client, timeout=Timeouts(connect=0.1))
    assert isinstance(failed, CallTimeoutError)
    assert (failed.limit, "Timeouts(connect=...)" in str(failed)) == ("connect", True)
    await probe.until(probe.peer.left.is_set, "the proxy sees the hang-up")


@row(
    "the parts of a connection share one limit",
    [read, pause(0.15), send(ESTABLISHED), stall],
    environment=HTTPS,
)
async def one_connect_limit(probe: Probe) -> None:
    failed = await probe.failure(url=SECURE, limits=probe.limits(connect=0.25))
    assert isinstance(failed, ReadTimeout)
    assert failed.connecting


@row("a proxy that hangs up", [read, hang_up], environment=HTTPS)
async def hung_up(probe: Probe) -> None:
    assert isinstance(await probe.call_failure(probe.client(url="https://api.example")), ConnectionFailedError)


@row(
    "a proxy that answers with something else than HTTP",
    [read, send(b"what? " + TOKEN.encode() + b"\r\n\r\n"), hang_up],
    environment={"https_proxy": LOGIN},
)
async def no_http(probe: Probe) -> None:
    hidden(await probe.call_failure(probe.client(url="https://api.example")))


@row(
    "a proxy that sends data of its own after its answer",
    [read, send(ESTABLISHED + b"foreign bytes"), hang_up],
    environment=HTTPS,
)
async def foreign_bytes(probe: Probe) -> None:
    await probe.failure(url=SECURE)


def hidden(failed: Exception) -> None:
    """Neither the password nor what it was sent as stands in the error, its causes and its fields."""
    shown = "".join(traceback.format_exception(failed)) + repr(failed) + repr(vars(failed))
    assert PASSWORD not in shown
    assert TOKEN not in shown


ECHO = f"no, {PASSWORD} {TOKEN}".encode()


@row(
    "a tunnel refused in words that repeat the password",
    [read, send(b"HTTP/1.1 403 " + ECHO + b"\r\nx-echo: " + ECHO + b"\r\ncontent-length: 0\r\n\r\n")],
    environment={"https_proxy": LOGIN},
)
async def echoing_tunnel(probe: Probe) -> None:
    hidden(await probe.call_failure(probe.client(url="https://api.example")))


def echo_row(name: str, response: bytes) -> Row:
    @row(name, [read, send(response), hang_up], environment={"http_proxy": LOGIN})
    async def check(probe: Probe) -> None:
        hidden(await probe.call_failure(probe.client(url="http://api.example")))

    return check


@row("a tunnel of a host in brackets", through(*serving(OK)), environment=HTTPS)
async def ipv6_tunnel(probe: Probe) -> None:
    trusting(probe)
    await probe.failure(url="https://[2001:db8::7]:8443/")
    assert probe.peer.received[0].target == "[2001:db8::7]:8443"


def malformed_row(name: str, value: str) -> Row:
    @row(f"a proxy variable with {name}", serving(OK), environment={"http_proxy": value})
    async def check(probe: Probe) -> None:
        client = probe.client(url="http://api.example")
        with pytest.raises(ConfigurationError, match="HTTP_PROXY") as failed:
            await probe.generate(client)
        assert "hunter2" not in str(failed.value)
        assert probe.peer.connections == 0

    return check


def exception_row(exceptions: str, host: str = "127.0.0.1", *, goes_direct: bool = True) -> Row:
    direction = "reaches" if goes_direct else "does not reach"
    shown = exceptions.replace("{port}", "<port>")

    @row(
        f"NO_PROXY={shown!r} {direction} {host} directly",
        serving(OK),
        environment={**HTTP, "no_proxy": exceptions},
        peer={"host": "::1"} if host == "[::1]" else {},
    )
    async def check(probe: Probe) -> None:
        assert await direct(probe, f"http://{host}:{probe.peer.port}/") is goes_direct

    if host == "[::1]":
        check.environment["http_proxy"] = "http://[::1]:{port}"
    return check


@row(
    "an empty lower-case variable switches off the other spelling",
    serving(OK),
    environment={"http_proxy": "", "HTTP_PROXY": "http://127.0.0.1:{port}"},
)
async def switched_off(probe: Probe) -> None:
    assert await direct(probe, f"{probe.peer.url}/")


@row("the lower-case variable wins", serving(OK), environment={**HTTP, "HTTP_PROXY": "http://127.0.0.1:1"})
async def lower_case_wins(probe: Probe) -> None:
    assert (await probe.exchange(url=PLAIN)).body == b"ok"


@row(
    "HTTP_PROXY is ignored in a CGI script",
    serving(OK),
    environment={"HTTP_PROXY": "http://127.0.0.1:{port}", "REQUEST_METHOD": "GET"},
)
async def cgi(probe: Probe) -> None:
    assert await direct(probe, f"{probe.peer.url}/")


@row("http_proxy counts in a CGI script", serving(OK), environment={**HTTP, "REQUEST_METHOD": "GET"})
async def cgi_lower_case(probe: Probe) -> None:
    assert (await probe.exchange(url=PLAIN)).body == b"ok"


@row("ALL_PROXY is used where the scheme has none", serving(OK), environment={"ALL_PROXY": "http://127.0.0.1:{port}"})
async def all_proxy(probe: Probe) -> None:
    assert (await probe.exchange(url=PLAIN)).body == b"ok"


@row(
    "the variable of a scheme wins over ALL_PROXY", serving(OK), environment={**HTTP, "ALL_PROXY": "http://127.0.0.1:1"}
)
async def scheme_wins(probe: Probe) -> None:
    assert (await probe.exchange(url=PLAIN)).body == b"ok"


@row("the proxy of another scheme is not used", serving(OK), environment={"https_proxy": "http://127.0.0.1:1"})
async def other_scheme(probe: Probe) -> None:
    assert (await probe.exchange()).body == b"ok"


@row("a proxy without a scheme", serving(OK), environment={"http_proxy": "127.0.0.1:{port}"})
async def no_scheme(probe: Probe) -> None:
    assert (await probe.exchange(url=PLAIN)).body == b"ok"


ROWS: list[Row] = [value for value in list(globals().values()) if isinstance(value, Row)]
ROWS += [
    *(refusing_row(status, retried=False) for status in (400, 403, 407)),
    *(refusing_row(status, retried=True) for status in (502, 503)),
    echo_row("a refusal whose body repeats the password", sized(ECHO, status=403)),
    echo_row("a refusal whose headers repeat the password", sized(b"{}", "x-echo: " + ECHO.decode(), status=500)),
    echo_row("an answer without HTTP that repeats the password", ECHO + b"\r\n\r\n"),
    echo_row("a broken body that repeats the password", head(200, "transfer-encoding: chunked") + ECHO + b"\r\n"),
    malformed_row("a port that is no number", "http://me:hunter2@127.0.0.1:port"),
    malformed_row("a port that is too large", "http://me:hunter2@127.0.0.1:99999"),
    malformed_row("a bracket that is not closed", "http://me:hunter2@[::1"),
    malformed_row("no host", "http://:3128"),
    malformed_row("a space in it", "http://me:hunter2@127.0.0.1 x:3128"),
    malformed_row("a password that is not escaped", "http://me:hunter2#x@127.0.0.1:3128"),
    malformed_row("an unknown scheme", "gopher://me:hunter2@127.0.0.1:3128"),
    exception_row("127.0.0.1"),
    exception_row("127.0.0.1:{port}"),
    exception_row("127.0.0.1:1", goes_direct=False),
    exception_row("10.0.0.1 127.0.0.1"),
    exception_row(" 10.0.0.1 ,\t127.0.0.1 , "),
    exception_row("127.0.0.0/8"),
    exception_row("10.0.0.0/8", goes_direct=False),
    exception_row("*"),
    exception_row("localhost", "localhost"),
    exception_row("LOCALHOST.", "localhost"),
    exception_row(".localhost", "localhost"),
    exception_row("host", "localhost", goes_direct=False),
    exception_row("::1", "[::1]"),
    exception_row("[::1]", "[::1]"),
    exception_row("[::1]:{port}", "[::1]"),
    exception_row("[::1]:1", "[::1]", goes_direct=False),
    exception_row("::/64", "[::1]"),
]
