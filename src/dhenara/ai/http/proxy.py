"""Proxies from the environment: which one a request uses, its credentials, NO_PROXY, and CONNECT tunnels.

For https, the proxy is asked with CONNECT for a tunnel to the host, and TLS runs inside of it (RFC 9110 section 9.3.6).
For http, it gets the whole URL and its credentials with every request. It may repeat them in a response, so they are
masked in heads and errors.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, unquote, urlsplit

from ..errors import ConfigurationError
from ..wire.secrets import SecretText
from ..wire.sse import BrokenFraming
from .protocol.http1 import Http1Reader, write_request
from .protocol.message import ConnectFailed, ConnectionBroken, ProxyRefused, ReadTimeout, Response
from .sockets.connection import Connection, Network

PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
HTTP_ONLY = ("http",)
HIDDEN = "**********"
SHORTEST_SECRET = 3
"""Shorter passwords occur in ordinary words, so masking them would make messages unreadable."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy; user name and password are not in `repr` and `str`."""

    scheme: str
    host: str
    port: int
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{bracketed(self.host)}:{self.port}"

    @property
    def url(self) -> str:
        """URL without user name and password."""
        return f"{self.scheme}://{self}"

    def headers(self) -> dict[str, str]:
        """Return the Proxy-Authorization header, if there are credentials."""
        return {"proxy-authorization": SecretText(f"Basic {self._token()}")} if self.username or self.password else {}

    def secrets(self) -> tuple[str, ...]:
        """Return what must be masked: the password and the encoded credentials."""
        secrets = (self.password, self._token()) if self.username or self.password else ()
        return tuple(secret for secret in secrets if len(secret) >= SHORTEST_SECRET)

    def hide(self, text: str) -> str:
        """Return the text with the secrets of this proxy masked."""
        for secret in self.secrets():
            text = text.replace(secret, HIDDEN)
        return text

    def _token(self) -> str:
        return base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


def find_proxy(
    scheme: str,
    host: str,
    environment: Mapping[str, str],
    port: int | None = None,
    kinds: Collection[str] = HTTP_ONLY,
) -> Proxy | None:
    """Return the proxy for a URL.

    Args:
        scheme: Scheme of the requested URL, `http` or `https`.
        host: Its host, without brackets.
        environment: The process's environment.
        port: Its port; None for the default of the scheme.
        kinds: Proxy schemes that the transport supports.

    Returns:
        The proxy, or None to connect directly.

    Raises:
        ConfigurationError: If the variable is malformed, or the transport does not support this kind of proxy.
    """
    name = f"{scheme}_proxy"
    address = variable(environment, name)
    if not address:
        name = "all_proxy"
        address = variable(environment, name)
    if not address or is_excluded(host, port or PORTS[scheme], variable(environment, "no_proxy")):
        return None
    return read_proxy(address, name.upper(), kinds)


def variable(environment: Mapping[str, str], name: str) -> str:
    """Return the value of either spelling; lower case wins, even if empty."""
    value = environment.get(name)
    if value is None:
        value = environment.get(name.upper())
        if value and name == "http_proxy" and "REQUEST_METHOD" in environment:
            return ""  # in CGI programs, it is the value of a header named Proxy
    return value.strip() if value else ""


def is_excluded(host: str, port: int, exceptions: str) -> bool:
    """Whether NO_PROXY excludes this host, so that it is reached without a proxy."""
    if not exceptions:
        return False
    return is_bypassed(host, port, exceptions)


def read_proxy(address: str, name: str, kinds: Collection[str] = HTTP_ONLY) -> Proxy:
    """Parse the proxy in a variable; errors never quote the value, which may contain a password."""
    parts = split(address if "://" in address else f"http://{address}")
    if parts is None:
        raise malformed(name, "its host or port cannot be read")
    if parts.scheme not in PORTS:
        raise malformed(name, f"{parts.scheme}:// is not a kind of proxy")
    if problem := find_problem(parts):
        raise malformed(name, problem)
    if parts.scheme not in kinds:
        raise ConfigurationError(
            f"{name} names a {parts.scheme}:// proxy, but this transport uses {' and '.join(kinds)} proxies only. "
            "Pass transport='httpx2' to the client, which uses the other kinds too."
        )
    host = ascii_host(parts.hostname or "")
    if host is None:
        raise malformed(name, "its host or port cannot be read")
    return Proxy(
        parts.scheme,
        host,
        PORTS[parts.scheme] if parts.port is None else parts.port,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )


def ascii_host(host: str) -> str | None:
    """The host as it is looked up; None where no host has such a name."""
    try:
        encoded = host.rstrip(".").encode("idna").decode("ascii")
    except UnicodeError:
        return None
    return encoded.lower() or None


def split(address: str) -> SplitResult | None:
    """Split a URL; None if invalid, because Python's error would quote it and perhaps the password."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    return parts


def find_problem(parts: SplitResult) -> str | None:
    """Return why this is not a valid proxy URL, or None."""
    host = parts.hostname or ""
    if not host:
        return "it has no host"
    if any(letter.isspace() or not letter.isprintable() for letter in parts.netloc):
        return "it has spaces or control characters in it"
    if parts.port == 0:
        return "its port is 0"
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        return "something follows the port; in a name or password, / ? # and @ are written as %2F %3F %23 and %40"
    return None


def malformed(name: str, problem: str) -> ConfigurationError:
    return ConfigurationError(
        f"the environment variable {name} is not a valid proxy URL: {problem}. "
        "Use http://host:port or http://name:password@host:port, or leave it empty for no proxy."
    )


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


Address = IPv4Address | IPv6Address

SEPARATORS = re.compile(r"[,\s]+")
BRACKETED = re.compile(r"\[([^\]]*)\](?::(\d+))?")
WITH_PORT = re.compile(r"([^:]*):(\d+)")


def is_bypassed(host: str, port: int, exceptions: str) -> bool:
    """Return whether requests to this host and port bypass the proxy.

    Args:
        host: Host name or IP address, without brackets.
        port: Its port.
        exceptions: Value of `no_proxy`: names (with their subdomains, with or without `.` or `*.` in front),
            addresses and networks, each with or without a port, or `*`; separated by commas or spaces.
    """
    name = host.lower().rstrip(".").strip("[]")
    address = parse_address(name)
    return any(matches(name, address, port, entry) for entry in SEPARATORS.split(exceptions.lower()) if entry)


def matches(name: str, address: Address | None, port: int, entry: str) -> bool:
    if entry == "*":
        return True
    place, only_port = split_port(entry)
    if only_port is not None and only_port != port:
        return False
    if address is not None:
        return is_within(address, place)
    domain = place.removeprefix("*").strip(".")
    return bool(domain) and (name == domain or name.endswith(f".{domain}"))


def split_port(entry: str) -> tuple[str, int | None]:
    """Return host and port of an entry; port None means every port."""
    match = BRACKETED.fullmatch(entry) or WITH_PORT.fullmatch(entry)
    if match is None:
        return entry, None
    return match[1], int(match[2]) if match[2] else None


def parse_address(host: str) -> Address | None:
    """Return the IP address, or None for a name; IPv4-mapped IPv6 addresses are unwrapped."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def is_within(address: Address, place: str) -> bool:
    """Return whether `place` is this address or a network that contains it."""
    try:
        network = ip_network(place.replace("[", "").replace("]", "").partition("%")[0], strict=False)
    except ValueError:
        return False
    return address in network


OK = range(200, 300)


async def connect_to_proxy(network: Network, proxy: Proxy, left: Callable[[], float | None]) -> Connection:
    try:
        return await network.connect(proxy.host, proxy.port, left())
    except ConnectFailed as error:
        raise ConnectFailed(f"the proxy {proxy} is not reachable: {error}") from error


async def open_tunnel(
    network: Network, proxy: Proxy, host: str, port: int, left: Callable[[], float | None]
) -> Connection:
    """Open a connection to the host through the proxy, without TLS yet.

    Args:
        network: Opens connections.
        proxy: The proxy.
        host: The host behind the proxy.
        port: Its port.
        left: Returns the seconds left to connect.

    Returns:
        The connection, which now reaches the host.

    Raises:
        ProxyRefused: If the proxy answered with a status other than 2xx, or not with HTTP.
        ReadTimeout: If the connect timeout expired; `connecting` is set.
        ConnectFailed: If the proxy could not be reached or closed the connection.
    """
    conn = await connect_to_proxy(network, proxy, left)
    try:
        await ask_for_tunnel(conn, proxy, f"{bracketed(host)}:{port}", left)
    except BaseException:
        conn.drop()
        raise
    return conn


async def ask_for_tunnel(connection: Connection, proxy: Proxy, target: str, left: Callable[[], float | None]) -> None:
    """Send CONNECT; the proxy's text is not repeated in errors, because some proxies repeat credentials."""
    reader = Http1Reader("CONNECT")
    try:
        await connection.write(write_request("CONNECT", target, {"host": target, **proxy.headers()}, b""), left())
        while reader.head is None:
            data = await connection.read(left())
            if not data:
                raise ConnectFailed(f"the proxy {proxy} hung up without an answer to CONNECT")
            reader.feed(data)
    except ReadTimeout as error:
        raise ReadTimeout(f"the proxy {proxy} did not connect to {target} in time", connecting=True) from error
    except ConnectionBroken as error:
        raise ConnectFailed(f"the proxy {proxy} broke the connection: {error}") from error
    except BrokenFraming:
        raise ProxyRefused(f"the proxy {proxy} does not answer with HTTP/1.1", status=None) from None
    if reader.head.status not in OK:
        raise ProxyRefused(
            f"the proxy {proxy} refused the connection to {target} with status {reader.head.status}",
            status=reader.head.status,
        )
    if reader.leftover:
        raise ProxyRefused(f"the proxy {proxy} sent data of its own after its answer to CONNECT", status=None)


@contextmanager
def hiding_secrets(proxy: Proxy) -> Iterator[None]:
    """Mask the proxy's password in errors."""
    try:
        yield
    except (ConnectionBroken, ConnectFailed, BrokenFraming) as error:
        text = str(error)
        if proxy.hide(text) == text:
            raise
        raise type(error)(proxy.hide(text)) from None


class ProxiedResponse:
    """A response of a proxy; `secrets` are masked in errors and heads."""

    __slots__ = ("_proxy", "_response", "head", "secrets")

    def __init__(self, response: Response, proxy: Proxy) -> None:
        self.head = response.head
        self.secrets = proxy.secrets()
        self._response = response
        self._proxy = proxy

    async def read(self) -> bytes:
        with hiding_secrets(self._proxy):
            return await self._response.read()

    async def close(self) -> None:
        await self._response.close()

    def abandon(self) -> None:
        self._response.abandon()
