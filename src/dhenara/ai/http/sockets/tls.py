"""TLS: contexts, and TLS over a connection, written once for sync code and trio.

There is one context per process by default, and one per client with TLS settings. The standard library's TLS engine
works in memory (`ssl.SSLObject` and two `ssl.MemoryBIO`): outgoing data is encrypted into `_encoded`; received data is
put into `_incoming` and decrypted from there. So it is always known whether unread data has arrived, a request can be
written while its response is read, and no call blocks.
"""

from __future__ import annotations

import os
import ssl
import sys
import time
from collections.abc import Callable, Mapping
from functools import cache

from ...errors import ConfigurationError
from ..protocol.message import ConnectFailed, ConnectionBroken, ReadTimeout
from ..tls_settings import TlsSettings
from .connection import Connection, NothingWritten, break_of, error_reason, tls_problem
from .socket_connection import CHUNK, SocketConnection

BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def trust_context(environment: Mapping[str, str]) -> ssl.SSLContext:
    """Return the context for the CA bundle in the environment, or the system's."""
    name = next((name for name in BUNDLES if environment.get(name)), "")
    try:
        return make_context(environment.get(name), environment.get("SSL_CERT_DIR") or None)
    except OSError as error:
        raise ConfigurationError(
            f"the certificates that {name} names cannot be read: {environment.get(name)}: {error.strerror or error}. "
            "It must name a file of PEM certificates."
        ) from error


class TlsContexts:
    """The TLS context of one client, created for its first TLS connection."""

    __slots__ = ("_created", "_environment", "settings")

    def __init__(self, settings: TlsSettings, environment: Mapping[str, str]) -> None:
        self.settings = settings
        self._environment = environment
        self._created: ssl.SSLContext | None = None

    def __call__(self) -> ssl.SSLContext:
        """Return the context.

        Raises:
            ConfigurationError: If a file cannot be read or is not PEM.
        """
        if self.settings.is_default:
            return trust_context(self._environment)
        if self._created is None:
            self._created = create_context(self.settings, self._environment)
        return self._created


def create_context(settings: TlsSettings, environment: Mapping[str, str]) -> ssl.SSLContext:
    """Create a context for these settings."""
    verify = settings.verify
    if isinstance(verify, ssl.SSLContext):
        if settings.cert is not None:
            raise ConfigurationError(
                "verify is an ssl.SSLContext, which has its own client certificate: call its load_cert_chain(...) "
                "and do not pass cert"
            )
        return verify
    created = trusting(verify, environment)
    if settings.cert is not None:
        load_certificate(created, settings.cert)
    return created


def trusting(verify: bool | str, environment: Mapping[str, str]) -> ssl.SSLContext:
    if verify is True:
        bundle = next((environment[name] for name in BUNDLES if environment.get(name)), None)
        trust_context(environment)  # raises if the bundle cannot be read, and names its variable
        return new_context(bundle, environment.get("SSL_CERT_DIR") or None)
    if verify is False:
        created = ssl.create_default_context()
        created.check_hostname, created.verify_mode = False, ssl.CERT_NONE
        return self_closing(created)
    file, folder = (None, verify) if os.path.isdir(verify) else (verify, None)
    try:
        return self_closing(ssl.create_default_context(cafile=file, capath=folder))
    except OSError as error:
        raise ConfigurationError(
            f"the certificates that verify names cannot be read: {verify}: {error.strerror or error}. "
            "It must name a file or folder of PEM certificates."
        ) from error


def load_certificate(created: ssl.SSLContext, cert: tuple[str, ...]) -> None:
    """Load the client certificate."""
    file, key, password = cert[0], *(*cert[1:], None, None)[:2]
    try:
        # Without a password function, OpenSSL would prompt at the terminal.
        created.load_cert_chain(file, key, no_password if password is None else password)
    except OSError as error:
        raise ConfigurationError(
            f"the client certificate {file!r} cannot be used: {error.strerror or error}. cert takes PEM files: one "
            "with certificate and key, or (certificate, key), or (certificate, key, password)."
        ) from error


def no_password() -> str:
    return ""


@cache
def make_context(bundle: str | None, folder: str | None) -> ssl.SSLContext:
    """Return the context shared by the process."""
    return new_context(bundle, folder)


def new_context(bundle: str | None, folder: str | None) -> ssl.SSLContext:
    if bundle is not None or folder is not None:
        return self_closing(ssl.create_default_context(cafile=bundle, capath=folder))
    if sys.platform in ("darwin", "win32"):
        import truststore

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return self_closing(ssl.create_default_context())


def self_closing(made: ssl.SSLContext) -> ssl.SSLContext:
    """Make its sockets close when garbage collected, without a ResourceWarning."""
    made.sslsocket_class = SelfClosingTlsSocket
    return made


class SelfClosingTlsSocket(ssl.SSLSocket):
    """A TLS socket that closes when garbage collected, without a ResourceWarning."""

    def __del__(self) -> None:
        self.close()


RECORDS = 65_536
"""Bytes encrypted at once; TLS splits them into records of 16 KiB."""


async def secured(
    connection: Connection, host: str, timeout: float | None, trust: Callable[[], ssl.SSLContext]
) -> TlsConnection:
    """Return the connection with TLS; it is closed if that fails for any reason."""
    if not isinstance(connection, SocketConnection):
        raise TypeError("only a connection of this world can be secured here")
    try:
        context = trust()
        try:
            tls = TlsConnection(connection, context, host, time.monotonic)
        except ValueError as error:  # invalid host name for certificates
            raise ConnectFailed(error_reason(error)) from error
        await tls.handshake(timeout)
    except ReadTimeout as error:
        connection.drop()
        raise ReadTimeout(f"no secure connection to {host} in time", connecting=True) from error
    except BaseException:
        connection.drop()
        raise
    return tls


class TlsConnection:
    """A connection with TLS."""

    __slots__ = (
        "__weakref__", "_early", "_emptied", "_encoded", "_incoming", "_now", "_open", "_pending", "_raw", "_tls",
        "_written",
    )  # fmt: skip

    def __init__(self, raw: SocketConnection, context: ssl.SSLContext, host: str, now: Callable[[], float]) -> None:
        self._raw = raw
        self._now = now
        self._incoming, self._encoded = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._encoded, server_hostname=host)
        self._early = b""
        """Decrypted bytes that arrived while a request was written."""
        self._emptied = False
        """Whether all that has arrived was decrypted, so that a read waits before it tries."""
        self._pending = memoryview(b"")
        """Encrypted bytes not sent yet."""
        self._written = 0
        self._open = False

    async def handshake(self, timeout: float | None) -> None:
        """Perform the handshake; raises ConnectFailed or ReadTimeout."""
        until = None if timeout is None else self._now() + timeout
        try:
            while not self._handshaken():
                await self._flush(until)
                await self._receive(until)
            self._open = True
            await self._flush(until)
        except ssl.SSLEOFError as error:
            raise ConnectFailed("the server hung up during the TLS handshake") from error
        except ssl.SSLError as error:
            await self._last_words(until)
            raise tls_problem(error) from error
        except ConnectionBroken as error:
            raise ConnectFailed(f"the connection broke during the TLS handshake: {error}") from error

    async def read(self, timeout: float | None) -> bytes:
        if self._early:
            data, self._early = self._early, b""
            return data
        until = None if timeout is None else self._now() + timeout
        while True:
            data_or_none = self._decrypted()
            if data_or_none is not None:
                return data_or_none
            if self._pending or self._encoded.pending:
                await self._flush(until)
                if self._early:
                    data, self._early = self._early, b""
                    return data
            await self._receive(until)

    def write_now(self, data: bytes) -> int:
        """Encrypt all and send what can be sent without waiting; a read sends the rest before it waits.

        Nothing is written, and `write` has to be used, if something waits to be sent or has arrived: that may be a
        response, after which no request is sent.
        """
        if self._pending or self._early or self._encoded.pending or self._incoming.pending or len(data) > RECORDS:
            return 0
        try:
            size = self._tls.write(data)
        except ssl.SSLError as error:
            raise break_of(error) from error
        encoded = self._encoded.read()
        sent = self._raw.write_now(encoded)
        self._written += sent
        self._pending = memoryview(encoded)[sent:]
        return size

    async def write(self, data: bytes | memoryview, timeout: float | None) -> int:
        until = None if timeout is None else self._now() + timeout
        view, sent, before = memoryview(data), 0, self._written
        try:
            await self._flush(until)
            while sent < len(view) and not self._early:
                sent += self._tls.write(view[sent : sent + RECORDS])
                await self._flush(until)
        except NothingWritten as error:
            raise (ConnectionBroken if self._written > before else NothingWritten)(str(error)) from error
        except ssl.SSLError as error:
            raise break_of(error) from error
        return sent

    async def close(self) -> None:
        self.drop()

    def drop(self) -> None:
        self._raw.drop()

    def is_stale(self) -> bool:
        """Return whether it is unusable.

        Session tickets may arrive at any time (RFC 8446 section 4.6.1); other data is unexpected.
        """
        if self._early or self._pending or not self._raw.owned:
            return True
        try:
            arrived = self._raw.has_arrived()
            if arrived == b"":
                return True
            if arrived:
                self._incoming.write(arrived)
                self._emptied = False
            return self._decrypted() is not None
        except (ConnectionBroken, ssl.SSLError):
            return True

    def _handshaken(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def _decrypted(self) -> bytes | None:
        """Return the next bytes; None if more must arrive first, b"" at the end."""
        if self._emptied:
            return None
        try:
            return self._tls.read(CHUNK)
        except ssl.SSLWantReadError:
            self._emptied = True
            return None
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""
        except ssl.SSLError as error:
            raise break_of(error) from error

    async def _receive(self, until: float | None) -> None:
        arrived = await self._raw.read(self._left(until))
        self._emptied = False
        if arrived:
            self._incoming.write(arrived)
        else:
            self._incoming.write_eof()

    async def _flush(self, until: float | None) -> None:
        """Send encrypted data; stops when the response begins, which is then in `_early`."""
        if self._encoded.pending:
            self._pending = memoryview(bytes(self._pending) + self._encoded.read())
        while self._pending and not self._answered():
            sent = await self._raw.write(self._pending, self._left(until))
            self._written += sent
            self._pending = self._pending[sent:]
            if self._pending:
                await self._receive(until)

    def _answered(self) -> bool:
        """Return whether response data has arrived; all of it is put into `_early`.

        Data inside the TLS engine does not make the socket readable, so none may be left there.
        """
        if not self._open or self._early:
            return bool(self._early)
        pieces: list[bytes] = []
        while piece := self._decrypted():
            pieces.append(piece)
        self._early = b"".join(pieces)
        if piece == b"" and not pieces:
            raise ConnectionBroken("the server hung up while the request was being sent")
        return bool(pieces)

    async def _last_words(self, until: float | None) -> None:
        """Send the alert that tells the server the reason (RFC 8446 section 6.2)."""
        try:
            await self._flush(until)
        except (ConnectionBroken, ssl.SSLError):
            pass  # already closed

    def _left(self, until: float | None) -> float | None:
        return None if until is None else max(0.0, until - self._now())
