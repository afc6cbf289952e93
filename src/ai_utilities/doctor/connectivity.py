"""The way to the provider: name, proxy, connection, certificate."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from dhenara.ai.diagnosis import proxy_for, trusted_certificates
from dhenara.ai.types.secret_options import shown_address

from ..exceptions import AIUtilitiesError
from .check_result import CheckResult, failed, passed, warning

TIMEOUT = 20.0
SLOW = 2.0


def check_connectivity(address: str) -> Iterator[CheckResult]:
    """Step by step, so that the first one that fails is the one to repair."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        yield failed(
            "address", f"{shown_address(address)!r} is none: it begins with http:// or https://, and names a host"
        )
        return
    host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    proxy = proxy_for(address)
    if proxy:
        yield passed("proxy", f"requests go through {proxy}")
        proxied = urlsplit(proxy)
        host, port = proxied.hostname or "", proxied.port or 80
    try:
        addresses = {info[4][0] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError as error:
        yield failed("name", f"{host} cannot be found: {error}", "check the spelling, the network and its DNS")
        return
    yield passed("name", f"{host} is {', '.join(sorted(map(str, addresses))[:3])}")
    yield from check_connection(host, port, parts.scheme == "https" and not proxy)


def check_connection(host: str, port: int, secure: bool) -> Iterator[CheckResult]:
    started = time.monotonic()
    try:
        with socket.create_connection((host, port), TIMEOUT) as plain:
            took = time.monotonic() - started
            timed = warning if took > SLOW else passed
            yield timed("connection", f"{host}:{port} takes connections after {took * 1000:.0f} ms")
            if secure:
                yield check_certificate(plain, host)
    except OSError as error:
        yield failed("connection", f"{host}:{port} takes no connection: {error}", "is it running, and let through?")


def check_certificate(plain: socket.socket, host: str) -> CheckResult:
    try:
        with trusted_certificates().wrap_socket(plain, server_hostname=host) as wire:
            return passed("certificate", f"{wire.version()}, issued for {host}")
    except ssl.SSLCertVerificationError as error:
        return failed(
            "certificate",
            f"it cannot be verified: {error.verify_message}",
            "behind a company's proxy, name its certificates in SSL_CERT_FILE",
        )
    except AIUtilitiesError as error:
        return failed("certificate", str(error), "mend the variable, or leave it out for the system's own")
    except ssl.SSLError as error:
        return failed("certificate", f"no secure connection: {error.reason}", "is it https that is spoken there?")
    except OSError as error:
        return failed("certificate", f"no secure connection: {error.strerror or error}")
