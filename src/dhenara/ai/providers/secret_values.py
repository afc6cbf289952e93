"""Secret values of an endpoint's configuration, and how they are masked in responses and errors."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from ..codecs.error_mapping import request_id
from ..errors import CallError
from ..http.protocol.message import Head
from ..types.chat.delta import Delta, FinishDelta, ResponseStart
from ..wire.redaction import hides, one_shows, redact, shows
from ..wire.secrets import MASK, OPTION_NAMES, SECRET_NAMES, SecretText, path_secrets

SHORTEST = 8
"""Shorter values are too common to be masked wherever they appear..."""

SHORTEST_MIXED = 5
"""...unless they mix letters with digits or signs, as `sk-test` and `hunter2` do."""

PUBLIC = frozenset(
    {
        "type", "profile", "region", "scope", "scopes", "authority", "tenant_id", "client_id", "client_email",
        "project_id", "quota_project_id", "universe_domain", "auth_uri", "token_uri", "token_url", "audience",
        "auth_provider_x509_cert_url", "client_x509_cert_url", "subject_token_type", "private_key_id", "account",
        "federated_token_file", "credential_source", "service_account_impersonation_url", "access_key_id_header",
    }
)  # fmt: skip
"""Credential fields that are identifiers, not secrets."""

NEGOTIATION = frozenset(
    {"accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "content-type"}
)
"""Headers with standard HTTP values: masking `application/json` would make responses unreadable."""

NAMES_OF_SENDINGS = frozenset({"idempotency-key"})
"""Ids that are new for each call: they are not secret, and masking them would slow down each call."""

SCHEMES = frozenset({"bearer", "basic", "token", "key", "apikey", "api-key", "digest"})
PROXIES = tuple(name for scheme in ("http", "https", "all") for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper()))
PAIR = re.compile(r"[^\s;,&=]+=\"?([^\s;,&\"]+)")
AWS_PARTS = re.compile(r"Credential=([^/,\s]+)|Signature=([0-9a-f]+)")


def configured_secrets(
    api_key: str | None,
    credentials: Mapping[str, Any],
    config: Mapping[str, Any],
    environment: Mapping[str, str],
    base_url: str = "",
) -> tuple[str, ...]:
    """Return the secrets of an endpoint that are not, or only partly, in the headers of its requests.

    Args:
        api_key: The key, if there is one.
        credentials: Credentials other than a key.
        config: Config of the API.
        environment: Environment variables; proxies have passwords.
        base_url: The configured base URL, from the config or the environment.

    Returns:
        Each secret that is distinct enough to be masked wherever it appears, once.
    """
    secrets = [
        api_key or "",
        *texts(credentials),
        *texts({k: v for k, v in config.items() if k != "headers"}, "config"),
    ]
    secrets += address_secrets(base_url)
    for name in PROXIES:
        secrets += user_info(environment.get(name) or "")
    return tuple(dict.fromkeys(filter(is_distinct, secrets)))


def request_secrets(headers: Mapping[str, str]) -> list[str]:
    """Return the secrets in the headers of a request: configured or derived ones, and those with a secret's name."""
    secrets: list[str] = []
    for name, value in headers.items():
        if name in NEGOTIATION or name in NAMES_OF_SENDINGS:
            continue
        if isinstance(value, SecretText) or SECRET_NAMES.search(name):
            secrets += distinct_parts(value)
    return secrets


@lru_cache(maxsize=64)
def distinct_parts(value: str) -> tuple[str, ...]:
    """Return the secrets in the value of a header; kept, because a key is sent with each request."""
    return tuple(filter(is_distinct, header_parts(value)))


def call_secrets(config: Any) -> tuple[str, ...]:
    """The credentials that one call sends in its body: those of MCP servers that the provider connects to."""
    if not config.tools and not config.options:
        return ()
    secrets = list(option_secrets(config.options))
    for tool in config.tools:
        if isinstance(spec := getattr(tool, "spec", None), Mapping):
            secrets += option_secrets(spec)
        elif getattr(tool, "kind", None) == "remote_mcp":
            headers = {name: value.get_secret_value() for name, value in tool.headers.items()}
            secrets += option_secrets({"authorization": tool.token(), "headers": headers, "url": str.__str__(tool.url)})
    return distinct(tuple(secrets))


def option_secrets(value: Any, name: str = "") -> Iterator[str]:
    """The credentials in options of a provider's own."""
    if isinstance(value, Mapping):
        for entry, each in value.items():
            yield from option_secrets(each, "authorization" if name.endswith("headers") else str(entry))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from option_secrets(each, name)
    elif isinstance(value, str) and OPTION_NAMES.search(name):
        yield from header_parts(value)
    elif isinstance(value, str) and "url" in name:
        yield from address_secrets(value)


def header_parts(value: str) -> Iterator[str]:
    """Return the whole value and its secret parts: a key after its scheme, cookies, basic credentials."""
    text = str.__str__(value)
    scheme, space, rest = text.partition(" ")
    if scheme == "AWS4-HMAC-SHA256":
        yield from (part for pair in AWS_PARTS.findall(text) for part in pair)
        return
    # The scheme before a key is not secret.
    yield rest if scheme.lower() in SCHEMES else text
    if space:
        yield rest.rpartition(" ")[2]
    if scheme.lower() == "basic":
        yield from basic_parts(rest)
    elif "=" in text:
        yield from PAIR.findall(text)


def basic_parts(encoded: str) -> Iterator[str]:
    try:
        pair = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        return
    yield pair
    yield pair.partition(":")[2]


def texts(value: Any, name: str = "") -> Iterator[str]:
    """Return the secret strings in credentials, or, with `name="config"`, those that a config marks as secret."""
    if isinstance(value, Mapping):
        for entry, each in value.items():
            if str(entry) not in PUBLIC:
                yield from texts(each, name)
    elif isinstance(value, str) and (name != "config" or isinstance(value, SecretText)):
        yield str.__str__(value)
        # A private key may be quoted as a whole, or line by line.
        yield from value.split("\n")[1:-1] if "PRIVATE KEY" in value else ()
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts(each, name)


def address_secrets(url: str) -> Iterator[str]:
    """Return the secrets of a URL, encoded and decoded: values of its query, user info, keys in its path."""
    for segment in path_secrets(urlsplit(url).path):
        yield from (segment, unquote(segment))
    query = urlsplit(url).query
    for pair in filter(None, query.split("&")):
        name, equals, value = pair.partition("=")
        yield value if equals else name
    yield from (value for _, value in parse_qsl(query))
    yield from user_info(url)


def user_info(url: str) -> Iterator[str]:
    """Return user name and password of a URL, together and the password alone, also in the form sent to a proxy."""
    authority = url.partition("://")[2].partition("/")[0] if "://" in url else url
    user, at, _ = authority.rpartition("@")
    if not at:
        return
    password = user.partition(":")[2] or user
    yield from (user, password, unquote(user), unquote(password))
    yield base64.b64encode(unquote(user).encode()).decode()


def is_distinct(text: str) -> bool:
    """Whether a string is so unlike ordinary words that it can be masked wherever it appears."""
    if MASK in text:
        return False
    return len(text) >= SHORTEST or (len(text) >= SHORTEST_MIXED and not text.isalpha() and not text.isdigit())


@lru_cache(maxsize=64)
def distinct(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """Return the secrets that can be masked, each once; kept, because most requests of a client have the same."""
    return tuple(dict.fromkeys(filter(is_distinct, secrets)))


OPENING = frozenset({ResponseStart, FinishDelta})
"""Deltas whose fields are shown with a response and are not content."""

FACTS = ("message", "request_id", "provider_code", "provider_type", "body")


class Redactor:
    """Masks the secrets of one request."""

    __slots__ = ("_last", "_secrets")

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = distinct(tuple(secrets))
        self._last: tuple[str | None, str | None] | None = None
        """Id and model that were looked at last, without a secret; some protocols repeat them in every event."""

    def text(self, text: str) -> str:
        """Return the text with every encoded form of every secret masked."""
        return redact(text, self._secrets) if self._secrets and shows(text, self._secrets, thorough=True) else text

    def body(self, body: bytes) -> bytes:
        """Return the bytes with every secret masked, whatever their encoding."""
        if not self._secrets:
            return body
        decoded = body.decode("utf-8", "surrogateescape")
        masked = self.text(decoded)
        return body if masked is decoded else masked.encode("utf-8", "surrogateescape")

    def redact_head(self, head: Head) -> Head:
        """Return the head, masked if it contains a secret."""
        headers = head.headers
        values = (*headers.values(), head.reason)
        has_failed = not 200 <= head.status < 300
        if has_failed:
            is_shown = shows("\n".join(values), self._secrets, thorough=True)
        else:
            named = request_id(head)
            is_shown = one_shows(values, self._secrets) or (named is not None and hides(named, self._secrets))
        if not is_shown:
            return head
        masked = {name: self.text(value) for name, value in headers.items()}
        return replace(head, headers=masked, reason=self.text(head.reason))

    def redact_batch(self, batch: Sequence[Delta]) -> Sequence[Delta]:
        """Return the deltas of an event with id, model, extras and finish reason masked; content is not changed."""
        if not self._secrets:
            return batch
        texts: list[str | None] = []
        for delta in batch:
            if delta.__class__ in OPENING:
                texts += self._texts_of(delta)  # type: ignore[arg-type]  # as its class says
        if not texts or not hides("\n".join(filter(None, texts)), self._secrets):
            return batch
        return [self._redact_delta(delta) for delta in batch]

    def _texts_of(self, delta: ResponseStart | FinishDelta) -> Sequence[str | None]:
        """Return what a delta shows with the response, without an id and model that were looked at before."""
        if isinstance(delta, FinishDelta):
            return delta.raw, delta.stop_sequence, delta.message
        named, last = (delta.id, delta.model), self._last
        self._last = named
        extras = (repr(delta.extras),) if delta.extras else ()
        return extras if named == last else (*named, *extras)

    def _redact_delta(self, delta: Delta) -> Delta:
        if isinstance(delta, ResponseStart):
            self._last = None  # an id with a secret is masked wherever it is repeated
            return ResponseStart(self.value(delta.id), self.value(delta.model), self.value(delta.extras))
        if isinstance(delta, FinishDelta):
            shown = delta.raw, delta.stop_sequence, delta.message
            raw, stop, message = masked = tuple(map(self.value, shown))
            return delta if masked == shown else replace(delta, raw=raw, stop_sequence=stop, message=message)
        return delta

    def redact_error(self, error: CallError) -> CallError:
        """Mask secrets in the error; drop its cause if that contains one."""
        for name in FACTS:
            setattr(error, name, self.value(getattr(error, name)))
        error.args = (error.message,)
        if self._in_causes(error):
            error.__cause__, error.__context__, error.__suppress_context__ = None, None, True
        return error

    def value(self, value: Any) -> Any:
        """Return a JSON value with strings and keys masked."""
        match value:
            case str():
                return self.text(value)
            case bytes():
                return self.body(value)
            case dict():
                return {self.value(name): self.value(one) for name, one in value.items()}
            case list():
                return [self.value(one) for one in value]
        return value

    def _in_causes(self, error: BaseException) -> bool:
        seen: set[int] = set()
        waiting = [error.__cause__, error.__context__]
        while waiting:
            one = waiting.pop()
            if one is None or id(one) in seen:
                continue
            seen.add(id(one))
            if shows(f"{one} {one.args!r}", self._secrets):
                return True
            waiting += [one.__cause__, one.__context__]
        return False
