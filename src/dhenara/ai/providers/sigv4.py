"""AWS Signature Version 4. Pure functions; the time is an argument."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl, quote, urlsplit

from ..http.protocol.message import HttpRequest
from ..wire.secrets import SecretText

UNRESERVED = "-_.~"
ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = frozenset({"accept-encoding", "connection", "expect", "user-agent", "x-amzn-trace-id", "authorization"})


@dataclass(frozen=True, slots=True)
class AwsCredentials:
    """Keys of an AWS account. Never shown in a repr."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


def sign(request: HttpRequest, credentials: AwsCredentials, region: str, service: str, now: datetime) -> HttpRequest:
    """Return the request with signature headers. `now` is in UTC."""
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    timed = {"host": urlsplit(request.url).netloc, **request.headers, "x-amz-date": stamp}
    if credentials.session_token is not None:
        timed["x-amz-security-token"] = SecretText(credentials.session_token)
    signed = {name: fold_whitespace(value) for name, value in sorted(timed.items()) if name not in UNSIGNED}
    names = ";".join(signed)
    scope = f"{day}/{region}/{service}/aws4_request"
    canonical = "\n".join(
        [
            request.method,
            canonical_path(request.url),
            canonical_query(request.url),
            *(f"{name}:{value}" for name, value in signed.items()),
            "",
            names,
            hashlib.sha256(request.content).hexdigest(),
        ]
    )
    data = "\n".join([ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    signature = hmac.new(key(credentials.secret_key, day, region, service), data.encode(), hashlib.sha256).hexdigest()
    token = f"{ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    return request.with_headers({**timed, "authorization": SecretText(token)})


def key(secret: str, day: str, region: str, service: str) -> bytes:
    """Derive the signing key for one day, region and service."""
    made = f"AWS4{secret}".encode()
    for step in (day, region, service, "aws4_request"):
        made = hmac.new(made, step.encode(), hashlib.sha256).digest()
    return made


def canonical_path(url: str) -> str:
    """Return the path encoded once more, as the signature requires."""
    return quote(normalize_path(urlsplit(url).path or "/"), safe=f"/{UNRESERVED}")


def normalize_path(path: str) -> str:
    """Remove `.`, `..` and double slashes."""
    stored: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            stored = stored[:-1]
        elif segment not in ("", "."):
            stored.append(segment)
    end = "/" if path.endswith("/") and stored else ""
    return f"/{'/'.join(stored)}{end}"


def canonical_query(url: str) -> str:
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    encoded = sorted((quote(name, safe=UNRESERVED), quote(value, safe=UNRESERVED)) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)


def fold_whitespace(value: str) -> str:
    return " ".join(value.split())
