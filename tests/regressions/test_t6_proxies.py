"""Proxies: limits, passwords, malformed variables, exceptions and refusals, for the engine and the kit."""

from __future__ import annotations

import base64
import itertools
import socket
import traceback
import urllib.request
from typing import Any

import pytest

from ai_utilities import AiClient, AiSettings
from conformance.peers import Peer, read, send, serving, stall
from conformance.row import head, sized
from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallTimeoutError, ConfigurationError, ConnectionFailedError, DhenaraError, ProxyError
from dhenara.ai.http.proxy import find_proxy
from dhenara.ai.types import Timeouts
from support.worlds import World, endpoint

PASSWORD = "s3cret-w@rd"
TOKEN = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
HIDDEN = (PASSWORD, TOKEN, "s3cret-w%40rd")


def login(peer: Peer) -> str:
    return f"http://me:s3cret-w%40rd@127.0.0.1:{peer.port}"


def shown(error: BaseException) -> str:
    """Everything that a log could say about an error."""
    return "".join(traceback.format_exception(error)) + repr(error) + repr(getattr(error, "__dict__", {}))


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("provider", ["openai", "anthropic", "google_ai"])
def test_a_tunnel_that_is_not_answered_ends_by_connect(
    provider: str, streaming: bool, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Peer([[read, stall]]) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        client = AIModelClient(endpoint("https://api.example", provider))
        with pytest.raises(CallTimeoutError, match=r"Timeouts\(connect=") as failed:
            (world.stream if streaming else world.run)(
                client, "?", retries=0, timeout=Timeouts(connect=0.1, first_token=60)
            )
        assert failed.value.limit == "connect"
        world.close(client)


ECHO = f"{PASSWORD} {TOKEN}".encode()


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "answer",
    [
        sized(b'{"error": {"message": "%s"}}' % ECHO, "content-type: application/json", status=403),
        sized(b"{}", "x-echo: " + ECHO.decode(), status=500),
        b"HTTP/1.1 407 " + ECHO + b"\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + ECHO + b"\r\n",
        b"HTTP/1.1 200 OK\r\n" + ECHO + b"\r\n\r\n",
        ECHO + b"\r\n\r\n",
    ],
    ids=["body", "header", "reason", "chunk", "head", "no http"],
)
def test_a_proxy_that_repeats_its_password_does_not_put_it_into_errors(
    answer: bytes, scheme: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Peer([[read, send(answer)]]) as proxy:
        monkeypatch.setenv(f"{scheme}_proxy", login(proxy))
        client = AIModelClient(endpoint(f"{scheme}://api.example"))
        with pytest.raises(DhenaraError) as failed:
            world.run(client, "?", retries=0, timeout=10)
        assert not [one for one in HIDDEN if one in shown(failed.value)]
        world.close(client)


def test_the_kit_hides_the_password_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with Peer([[read, send(sized(ECHO, status=403))]]) as proxy:
        monkeypatch.setenv("http_proxy", login(proxy))
        settings = AiSettings(_env_file=None, api_key="sk-test", base_url="http://api.example/v1", max_retries=0)
        with AiClient(settings) as client, pytest.raises(Exception, match=r".") as failed:
            client.ask("?")
        assert not [one for one in HIDDEN if one in shown(failed.value)]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there_is_named(scheme: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv(f"{scheme}_proxy", f"http://127.0.0.1:{port}")
    client = AIModelClient(endpoint(f"{scheme}://api.example"))
    with pytest.raises(ConnectionFailedError, match=rf"the proxy 127\.0\.0\.1:{port} is not reachable"):
        world.run(client, "?", retries=0, timeout=10)
    world.close(client)


@pytest.mark.parametrize(("status", "attempts"), [(400, 1), (403, 1), (407, 1), (502, 2), (504, 2)])
def test_only_failures_of_the_proxy_itself_are_tried_again(
    status: int, attempts: int, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Peer([[read, send(head(status, "content-length: 0"))]]) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        client = AIModelClient(endpoint("https://api.example"))
        with pytest.raises(ProxyError, match="NO_PROXY") as failed:
            world.run(client, "?", retries=1)
        assert (failed.value.status, len(failed.value.attempts)) == (status, attempts)
        world.close(client)


MALFORMED = [
    "http://me:hunter2@host:port",
    "http://me:hunter2@host:99999",
    "http://me:hunter2@host:0",
    "http://me:hunter2@host:-1",
    "http://me:hunter2@[::1",
    "http://me:hunter2@[zz]:80",
    "http://me:hunter2@:3128",
    "http://me:hunter2@ho st:3128",
    "http://me:hunt#er2@host:3128",
    "http://me:hunt/er2@host:3128",
    "http://me:hunt?er2@host:3128",
    "ftp://me:hunter2@host:3128",
    "://host",
    "http://",
]


@pytest.mark.parametrize("value", MALFORMED)
@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_a_malformed_variable_is_a_configuration_error(
    value: str, name: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    client = AIModelClient(endpoint("http://api.example"))
    with pytest.raises(ConfigurationError, match=name.upper()) as failed:
        world.run(client, "?")
    assert "hunt" not in shown(failed.value)
    world.close(client)


HOSTS = ("api.example", "sub.api.example", "10.1.2.3", "localhost", "notapi.example")
VALUES: tuple[dict[str, str], ...] = (
    {},
    {"HTTP_PROXY": "http://up:1"},
    {"http_proxy": "http://low:1"},
    {"http_proxy": "", "HTTP_PROXY": "http://up:1"},
    {"http_proxy": "http://low:1", "HTTP_PROXY": "http://up:1"},
    {"HTTP_PROXY": "http://up:1", "REQUEST_METHOD": "GET"},
    {"http_proxy": "http://low:1", "REQUEST_METHOD": "GET"},
)
EXCEPTIONS = ("", "*", "api.example", ".api.example", "10.1.2.3", "localhost, api.example", "other.example")


def test_the_standard_library_uses_the_same_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    different = []
    for host, values, exceptions in itertools.product(HOSTS, VALUES, EXCEPTIONS):
        given = {**values, **({"no_proxy": exceptions} if exceptions else {})}
        with monkeypatch.context() as patched:
            for name, value in given.items():
                patched.setenv(name, value)
            theirs = urllib.request.getproxies_environment()
            expected = None if urllib.request.proxy_bypass_environment(host, theirs) else theirs.get("http")
        ours = find_proxy("http", host, given)
        if (ours.url if ours else None) != expected:
            different.append((host, given, ours, expected))
    assert different == []


@pytest.mark.parametrize(
    ("url", "exceptions", "goes_direct"),
    [
        ("http://api.example:8080", "api.example:8080", True),
        ("http://api.example:8080", "api.example:80", False),
        ("http://api.example", "api.example:80", True),
        ("https://api.example", "api.example:443", True),
        ("http://api.example.", "api.example", True),
        ("http://api.example", "api.example.", True),
        ("http://api.example", "one.example two.example api.example", True),
        ("http://api.example", "\tone.example ,\n api.example ", True),
        ("http://[2001:db8::7]:8080", "2001:db8::7", True),
        ("http://[2001:db8::7]:8080", "[2001:db8::7]", True),
        ("http://[2001:db8::7]:8080", "[2001:db8::7]:8080", True),
        ("http://[2001:db8::7]:8080", "[2001:db8::7]:80", False),
        ("http://[2001:db8::7]", "2001:db8::/32", True),
        ("http://[2001:0db8:0::7]", "2001:db8::7", True),
        ("http://10.1.2.3", "10.0.0.0/8", True),
        ("http://11.1.2.3", "10.0.0.0/8", False),
        ("http://api.example", ",, ,", False),
        ("http://api.example", "example:not-a-port", False),
        ("http://api.example", "1.2.3.0/99", False),
    ],
)
def test_exceptions_with_ports_spaces_dots_and_brackets(url: str, exceptions: str, goes_direct: bool) -> None:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    environment = {"all_proxy": "http://proxy.example:3128", "NO_PROXY": exceptions}
    actual = find_proxy(parts.scheme, parts.hostname or "", environment, parts.port)
    assert (actual is None) == goes_direct


def test_the_password_is_not_in_the_repr_of_a_proxy() -> None:
    actual: Any = find_proxy("http", "h", {"http_proxy": "http://me:s3cret-w%40rd@proxy.example:3128"})
    assert actual.password == PASSWORD
    assert not [one for one in HIDDEN if one in repr(actual) + str(actual) + actual.url]


def test_a_later_answer_is_not_affected_by_a_refused_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    body = b'{"id":"x","model":"m","choices":[{"index":0,"message":{"content":"Hello!"},"finish_reason":"stop"}]}'
    answer = sized(body, "content-type: application/json")
    with Peer([[read, send(head(503, "content-length: 0", "connection: close"))], serving(answer)]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        client = AIModelClient(endpoint("http://api.example"))
        response = world.run(client, "?", retries=1)
        assert response.chat_response is not None
        assert response.chat_response.text() == "Hello!"
        world.close(client)
