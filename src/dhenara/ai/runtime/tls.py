"""Trust: one TLS context for the whole process, made when the first secure connection needs it."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Mapping
from functools import cache

from ..errors import ConfigurationError

BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def trust(environment: Mapping[str, str]) -> ssl.SSLContext:
    """The context for the CA bundle that the environment names, or the system's own."""
    name = next((name for name in BUNDLES if environment.get(name)), "")
    try:
        return context(environment.get(name), environment.get("SSL_CERT_DIR") or None)
    except OSError as error:
        raise ConfigurationError(
            f"the certificates that {name} names cannot be read: {environment.get(name)}: {error.strerror or error}. "
            "It must name a file of PEM certificates."
        ) from error


@cache
def context(bundle: str | None, folder: str | None) -> ssl.SSLContext:
    if bundle is not None or folder is not None:
        return forgettable(ssl.create_default_context(cafile=bundle, capath=folder))
    if sys.platform in ("darwin", "win32"):
        import truststore

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return forgettable(ssl.create_default_context())


def forgettable(made: ssl.SSLContext) -> ssl.SSLContext:
    """Its sockets close without a word when they are forgotten."""
    made.sslsocket_class = ForgettableTlsSocket
    return made


class ForgettableTlsSocket(ssl.SSLSocket):
    """A client that nobody closed leaves no socket and no warning behind."""

    def __del__(self) -> None:
        self.close()
