"""Which proxy a request goes through, by the usual environment variables.

The rules are those of urllib, which httpx and requests follow too: the lower-case spelling of a variable wins, also
when it is empty; `<scheme>_proxy` wins over `all_proxy`; in a CGI script (`REQUEST_METHOD` is set) `HTTP_PROXY` is
ignored, because a client's `Proxy:` header becomes that variable (CVE-2016-5385).
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from dataclasses import field
from urllib.parse import SplitResult, unquote, urlsplit

from ..dataclass import dataclass
from ..errors import ConfigurationError
from ..wire.secrets import SecretText

PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
HTTP_ONLY = ("http",)
HIDDEN = "**********"
SHORTEST_SECRET = 3
"""Shorter passwords are parts of ordinary words; replacing them would make a message unreadable."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """One proxy. Name and password are not in its repr, and `str` is where it is and nothing else."""

    scheme: str
    host: str
    port: int
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{bracketed(self.host)}:{self.port}"

    @property
    def url(self) -> str:
        """The address without name and password."""
        return f"{self.scheme}://{self}"

    def headers(self) -> dict[str, str]:
        """What proves to the proxy who asks, where name and password are configured."""
        return {"proxy-authorization": SecretText(f"Basic {self._token()}")} if self.username or self.password else {}

    def secrets(self) -> tuple[str, ...]:
        """What no message may repeat: the password, and the credentials as they are sent."""
        match = (self.password, self._token()) if self.username or self.password else ()
        return tuple(secret for secret in match if len(secret) >= SHORTEST_SECRET)

    def hide(self, text: str) -> str:
        """The text without the secrets of this proxy."""
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
    """The proxy for an address.

    Args:
        scheme: `http` or `https`, of the address that is requested.
        host: Its host, without brackets.
        environment: The process's environment.
        port: Its port; None for the scheme's own.
        kinds: Schemes of proxies that the transport can use.

    Returns:
        The proxy, or None to connect directly.

    Raises:
        ConfigurationError: The variable is malformed, or names a kind of proxy that the transport cannot use.
    """
    name = next((name for name in (f"{scheme}_proxy", "all_proxy") if variable(environment, name)), None)
    if name is None or stays_direct(host, port or PORTS[scheme], variable(environment, "no_proxy")):
        return None
    return read_proxy(variable(environment, name), name.upper(), kinds)


def variable(environment: Mapping[str, str], name: str) -> str:
    """The value of either spelling; the lower-case one wins, also when it is empty."""
    if name in environment:
        return environment[name].strip()
    if name == "http_proxy" and "REQUEST_METHOD" in environment:
        return ""
    return environment.get(name.upper(), "").strip()


def stays_direct(host: str, port: int, exceptions: str) -> bool:
    """Loaded for those who have a proxy and exceptions to it."""
    if not exceptions:
        return False
    from .no_proxy import is_bypassed

    return is_bypassed(host, port, exceptions)


def read_proxy(address: str, name: str, kinds: Collection[str] = HTTP_ONLY) -> Proxy:
    """The proxy that a variable names. No message repeats the value: a password may be in it."""
    parts = split(address if "://" in address else f"http://{address}")
    if parts is None:
        raise malformed(name, "its host or port cannot be read")
    if parts.scheme not in PORTS:
        raise malformed(name, f"{parts.scheme}:// is not a kind of proxy")
    if problem := trouble(parts):
        raise malformed(name, problem)
    if parts.scheme not in kinds:
        raise ConfigurationError(
            f"{name} names a {parts.scheme}:// proxy, but this transport uses {' and '.join(kinds)} proxies only. "
            "Pass transport='httpx2' to the client, which uses the other kinds too."
        )
    return Proxy(
        parts.scheme,
        (parts.hostname or "").rstrip("."),
        PORTS[parts.scheme] if parts.port is None else parts.port,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )


def split(address: str) -> SplitResult | None:
    """The parts of an address; None where it has none. Python's own error quotes it, and so perhaps the password."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    return parts


def trouble(parts: SplitResult) -> str | None:
    """Why this is no address of a proxy, if so."""
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
        f"the environment variable {name} is no address of a proxy: {problem}. "
        "It takes http://host:port or http://name:password@host:port; leave it empty for no proxy."
    )


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
