"""TLS settings of a client: trusted certificates and client certificate."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike, fspath
from os.path import exists
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ..errors import ConfigurationError

if TYPE_CHECKING:
    import ssl

    Verify = bool | str | PathLike[str] | ssl.SSLContext
    Cert = str | PathLike[str] | tuple[str, str] | tuple[str, str, str]

NAMES = ("verify", "cert")
MOST_CERT_PARTS = 3


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """TLS settings of one client.

    Args:
        verify: True for the bundle in the environment or the system's certificates, False for no verification, a path
            of a PEM file or folder to trust instead, or an `ssl.SSLContext`.
        cert: Client certificate: path of a PEM file with certificate and key, or a tuple of certificate file, key
            file and, if the key is encrypted, its password.
    """

    verify: Any = True
    cert: tuple[str, ...] | None = field(default=None, repr=False)

    @property
    def is_default(self) -> bool:
        return self.verify is True and self.cert is None


DEFAULT_TLS = TlsSettings()


def tls_settings(verify: Any = True, cert: Any = None) -> TlsSettings:
    """Validate TLS settings.

    Args:
        verify: See `TlsSettings`.
        cert: See `TlsSettings`; a list is accepted as well.

    Returns:
        The settings, with paths as strings.

    Raises:
        ConfigurationError: If a value has the wrong type or a path does not exist.
    """
    if verify is True and cert is None:
        return DEFAULT_TLS
    return TlsSettings(checked_verify(verify), None if cert is None else checked_cert(cert))


def configured_tls(config: Mapping[str, Any], default: TlsSettings) -> TlsSettings:
    """Return the TLS settings in an endpoint's `config`, with missing ones from the client."""
    if not any(name in config for name in NAMES):
        return default
    return tls_settings(config.get("verify", default.verify), config.get("cert", default.cert))


def may_show_certificate(settings: TlsSettings) -> bool:
    """Whether connections show a client certificate, as far as can be known: a ready context may have one in it."""
    return settings.cert is not None or not isinstance(settings.verify, bool | str)


def shown_certificate(settings: TlsSettings) -> str:
    """Which client certificate is shown: the hash of its file. A ready context only equals itself."""
    if settings.cert is None:
        return CONTEXTS.setdefault(settings.verify, uuid.uuid4().hex)
    try:
        with open(settings.cert[0], "rb") as file:  # paths of users are strings here
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return settings.cert[0]


CONTEXTS: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
"""Names of ready contexts, whose certificates cannot be read."""


def checked_verify(given: Any) -> Any:
    if isinstance(given, bool):
        return given
    if isinstance(given, str | PathLike):
        return existing(fspath(given), "verify")
    import ssl

    if isinstance(given, ssl.SSLContext):
        return given
    raise ConfigurationError(
        f"verify is True, False, the path of a file or folder of PEM certificates, or an ssl.SSLContext, "
        f"not {type(given).__name__}"
    )


def checked_cert(given: Any) -> tuple[str, ...]:
    parts = (given,) if isinstance(given, str | PathLike) else given
    usable = isinstance(parts, tuple | list) and 1 <= len(parts) <= MOST_CERT_PARTS
    if not usable or not all(isinstance(part, str | PathLike) for part in parts):
        raise ConfigurationError(
            "cert is the path of a PEM file with certificate and key, or a tuple of paths (certificate, key), "
            "or (certificate, key, password)"
        )
    files = tuple(existing(fspath(part), "cert") for part in parts[:2])
    return (*files, *(fspath(part) for part in parts[2:]))


def existing(path: str, name: str) -> str:
    if not exists(path):
        raise ConfigurationError(f"{name} names {path!r}, which does not exist. Pass the path of a PEM file.")
    return path
