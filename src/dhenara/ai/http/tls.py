"""TLS contexts: one per process by default, one per client with TLS settings."""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Mapping
from functools import cache

from ..errors import ConfigurationError
from .tls_settings import TlsSettings

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
