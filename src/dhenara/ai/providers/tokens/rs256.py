"""JSON web tokens with RS256, for Google service accounts."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from ...errors import ConfigurationError
from ...wire import json


def signed_jwt(claims: Mapping[str, Any], private_key: str, key_id: str | None) -> str:
    """Return header, claims and signature, joined by dots."""
    header = {"typ": "JWT", "alg": "RS256", **({"kid": key_id} if key_id else {})}
    data = f"{base64url(json.dumps(header))}.{base64url(json.dumps(claims))}"
    return f"{data}.{base64url(rsa_signature(data.encode(), private_key))}"


def rsa_signature(message: bytes, private_key: str) -> bytes:
    try:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError as error:
        raise ConfigurationError(
            "signing for a service account needs the package cryptography: pip install 'dhenara[google]'"
        ) from error
    try:
        key = load_pem_private_key(private_key.encode(), None)
    except (ValueError, TypeError) as error:
        raise ConfigurationError(
            "the private_key of the service account is not a key in PEM; copy the whole JSON file again"
        ) from error
    if not isinstance(key, RSAPrivateKey):
        raise ConfigurationError("the private_key of the service account is no RSA key")
    return key.sign(message, PKCS1v15(), SHA256())


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
