"""Connections: their interface, errors in the words of the operating system, and name lookup with a timeout."""

from __future__ import annotations

import os
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from ..protocol.message import CertificateRejected, ConnectFailed, ConnectionBroken


class CurrentProcess:
    """The id of this process, read once and again after a fork, so that checks of the owner ask no system call."""

    __slots__ = ("id",)

    def __init__(self) -> None:
        self.id = os.getpid()

    def update(self) -> None:
        """Read the id again, in a forked child."""
        self.id = os.getpid()


PROCESS = CurrentProcess()
if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=PROCESS.update)


class NothingWritten(ConnectionBroken):
    """The connection was broken before a byte of this write was sent."""


class Connection(Protocol):
    """An open connection. It belongs to the process that opened it; a forked child only closes its copy."""

    async def read(self, timeout: float | None) -> bytes:
        """Return the next bytes, b"" when the other side closed; raises ReadTimeout or ConnectionBroken."""
        ...

    def write_now(self, data: bytes) -> int:
        """Write what can be written without waiting, and return how many bytes; raises as `write` does."""
        ...

    async def write(self, data: bytes | memoryview, timeout: float | None) -> int:
        """Write `data` and return how many bytes were written.

        Fewer than all if the other side sends data while it does not read; the caller then reads first. Raises
        ReadTimeout, ConnectionBroken or NothingWritten.
        """
        ...

    async def close(self) -> None: ...

    def drop(self) -> None:
        """Close the connection at once, from any thread, without waiting."""

    def is_stale(self) -> bool:
        """Whether an idle connection was closed by the other side, or has unexpected data."""
        ...


class Network(Protocol):
    """Opens connections; raises ConnectFailed, or ReadTimeout with `connecting` set."""

    async def connect(self, host: str, port: int, timeout: float | None) -> Connection: ...

    async def start_tls(self, connection: Connection, host: str, timeout: float | None) -> Connection:
        """Return the connection with TLS; it is closed if that fails."""
        ...


REFUSALS = ("CERTIFICATE", "UNKNOWN_CA", "HANDSHAKE_FAILURE")
"""OpenSSL names of the alerts 40 to 48 and 116 (RFC 8446 section 6.2); a retry would meet the same alert."""

REFUSED = "the server refused the TLS handshake, as for a client certificate that is missing or not accepted: {}"


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error and what it came from, each once: a chain may be a circle."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def error_reason(error: BaseException, default: str = "") -> str:
    """Return the error's text without numbers, or the first in its chain: many errors have none of their own."""
    for one in chain_of(error):
        text = (one.strerror if isinstance(one, OSError) else None) or str(one)
        if text:
            return text
    return default or type(error).__name__


def tls_problem(error: BaseException) -> ConnectFailed:
    """Return the error for a failed TLS handshake: certificate or connection.

    A server that requires a client certificate sends an alert; with TLS 1.3 it arrives only after the handshake.
    """
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        return CertificateRejected(f"the certificate is not trusted: {error.verify_message}")
    if is_refusal(error):
        return CertificateRejected(REFUSED.format(error_reason(error)))
    return ConnectFailed(error_reason(error))


def break_of(error: BaseException) -> ConnectionBroken | CertificateRejected:
    """Return the error for a broken connection; with TLS 1.3 a missing client certificate shows at the first read."""
    return (
        CertificateRejected(REFUSED.format(error_reason(error)))
        if is_refusal(error)
        else ConnectionBroken(error_reason(error))
    )


def is_refusal(error: BaseException) -> bool:
    """Return whether the peer sent a TLS alert about certificates."""
    name = str(getattr(error, "reason", None) or "")
    return "ALERT" in name and any(word in name for word in REFUSALS)


Address = tuple[int, int, int, str, Any]
Lookup = Callable[..., list[Any]]


def connect_first(
    host: str | bytes, port: int, timeout: float | None, lookup: Lookup = socket.getaddrinfo
) -> socket.socket:
    """Return a connection to the first address that accepts; raises TimeoutError at any step."""
    until = None if timeout is None else time.monotonic() + timeout
    problem: OSError = TimeoutError("no time left")
    for address in addresses(host, port, timeout, lookup):
        try:
            return connect(address, until)
        except OSError as error:
            problem = error
    raise problem


def addresses(host: str | bytes, port: int, timeout: float | None, lookup: Lookup) -> list[Address]:
    """Resolve the name in a thread, which is abandoned after the timeout."""
    if timeout is None or is_numeric_address(host):
        return look_up(host, port, lookup)
    results: queue.SimpleQueue[list[Address] | OSError] = queue.SimpleQueue()

    def look() -> None:
        try:
            results.put(look_up(host, port, lookup))
        except OSError as error:
            results.put(error)

    threading.Thread(target=look, name="dhenara-lookup", daemon=True).start()
    try:
        answer = results.get(timeout=timeout)
    except queue.Empty:
        raise TimeoutError(f"{host!r} was not resolved in time") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def look_up(host: str | bytes, port: int, lookup: Lookup) -> list[Address]:
    """What the system answers. It encodes names first, and raises an error of its own for one that has no encoding."""
    try:
        return lookup(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"{host!r} cannot be the name of a host") from error


def connect(address: Address, until: float | None) -> socket.socket:
    family, kind, protocol, _, place = address
    made = SelfClosingSocket(family, kind, protocol)
    try:
        if until is not None:
            made.settimeout(seconds_left(until))
        made.connect(place)
    except BaseException:
        made.close()
        raise
    return made


def seconds_left(until: float) -> float:
    """Return the seconds left; raise TimeoutError if none."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("no time left")
    return left


class SelfClosingSocket(socket.socket):
    """A socket that closes when garbage collected, without a ResourceWarning."""

    def __del__(self) -> None:
        self.close()


def is_numeric_address(host: str | bytes) -> bool:
    """Return whether the host needs no DNS lookup."""
    normalized = host.decode() if isinstance(host, bytes) else host
    return normalized.replace(".", "").isdigit() or ":" in normalized


def resolve_addresses(host: str, port: int, timeout: float) -> tuple[str, ...]:
    """Return the addresses in the order of the OS, without duplicates."""
    try:
        results = addresses(host, port, timeout, socket.getaddrinfo)
    except OSError as error:
        raise ConnectFailed(error_reason(error)) from error
    return tuple(dict.fromkeys(str(place[0]) for *_, place in results))
