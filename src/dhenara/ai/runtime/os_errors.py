"""Describes connection errors in the words of the operating system."""

from __future__ import annotations

from collections.abc import Iterator

from ..wire.transport_protocol import CertificateRejected, ConnectFailed, ConnectionBroken

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
