"""Why a connection failed, in the system's words."""

from __future__ import annotations

from ..wire.io_protocol import CertificateRejected, ConnectFailed, ConnectionBroken

REFUSALS = ("CERTIFICATE", "UNKNOWN_CA", "HANDSHAKE_FAILURE")
"""In OpenSSL's names of the alerts 40 to 48 and 116 (RFC 8446 section 6.2); a repetition meets the same alert."""

REFUSED = "the server refused the TLS handshake, as for a client certificate that is missing or not accepted: {}"


def error_reason(error: BaseException) -> str:
    """Words without numbers; the cause's where the error itself has none."""
    cause = error.__cause__
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or (error_reason(cause) if cause else type(error).__name__)


def tls_problem(error: BaseException) -> ConnectFailed:
    """What ended a TLS handshake: a certificate, or the connection.

    A server that misses the client's certificate says so by an alert; with TLS 1.3 it comes only after the handshake.
    """
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        return CertificateRejected(f"the certificate is not trusted: {error.verify_message}")
    if is_refusal(error):
        return CertificateRejected(REFUSED.format(error_reason(error)))
    return ConnectFailed(error_reason(error))


def break_of(error: BaseException) -> ConnectionBroken | CertificateRejected:
    """What ended an open connection; with TLS 1.3, a missing client certificate is reported at the first read."""
    return (
        CertificateRejected(REFUSED.format(error_reason(error)))
        if is_refusal(error)
        else ConnectionBroken(error_reason(error))
    )


def is_refusal(error: BaseException) -> bool:
    """Whether the peer ended the connection by a TLS alert that says so."""
    name = str(getattr(error, "reason", None) or "")
    return "ALERT" in name and any(word in name for word in REFUSALS)
