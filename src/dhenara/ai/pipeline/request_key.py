"""The cache key of a request: a hash of everything that is sent and where, computed before sending.

Not included is what differs between two identical requests: signatures (the account is hashed instead), request and
trace ids, the fields that request a stream, and the ids of uploaded media (their content and position are hashed
instead).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from pydantic_core import PydanticSerializationError

from ..catalog.learned_constraints import LearnedConstraint
from ..codecs.base import EncodedRequest
from ..errors import ConfigurationError
from ..http.protocol.message import BodyPieces, HttpRequest
from ..io.protocol import IO
from ..providers.credentials import fetched_account, hashed
from ..providers.target import RequestContent, ResolvedTarget, encode_body
from ..types.config.call import Call
from ..types.content.parts import Content, Media, ToolResultContent
from ..wire import json
from .authentication import AuthenticatedIO
from .timeouts import TimeoutPolicy


class EncodedCall:
    """One encoding of a call, with values derived from it."""

    __slots__ = ("_content", "computed", "constraints", "encoded", "original", "request", "sent", "target")

    def __init__(
        self,
        original: Call,
        sent: Call,
        encoded: EncodedRequest,
        target: ResolvedTarget,
        constraints: tuple[LearnedConstraint, ...],
    ) -> None:
        self.original = original
        self.sent = sent
        """The call with fetched media."""
        self.encoded = encoded
        self.target = target
        self.constraints = constraints
        self._content: RequestContent | None = None
        self.request: HttpRequest | None = None
        self.computed: dict[Callable[..., Any], Any] = {}
        """What layers computed of the request, by the function."""

    def holds_for(self, call: Call, target: ResolvedTarget, constraints: tuple[LearnedConstraint, ...]) -> bool:
        """Return whether this call would be encoded to the same request."""
        known = self.original
        if target is not self.target or constraints != self.constraints:
            return False
        return call is known or (
            call.messages is known.messages
            and call.config is known.config
            and call.endpoint is known.endpoint
            and call.instructions is known.instructions
            and call.operation == known.operation
            and call.request is known.request
        )

    def content(self) -> RequestContent:
        """Return the headers of the body and the body, serialized once."""
        if self._content is None:
            self._content = encode_body(self.encoded)
        return self._content

    def unsigned(self) -> HttpRequest:
        """Return the complete HTTP request without signature, made once."""
        if self.request is None:
            self.request = self.target.unsigned(self.encoded, self.sent, self.content())
        return self.request


def unserializable(target: ResolvedTarget, error: Exception) -> ConfigurationError:
    """Return the error for text that JSON cannot hold; lone surrogates are the usual cause."""
    return ConfigurationError(
        f"nothing was sent to {target.origin.provider}: the request cannot be written as JSON: {error}. Repair text "
        "with lone surrogates (from truncated text or file names) with "
        'text.encode("utf-8", "replace").decode()'
    )


Encode = Callable[[Call, tuple[LearnedConstraint, ...]], EncodedRequest]

KEY_VERSION = "dhenara request 3"
PER_REQUEST = frozenset(
    {"idempotency-key", "traceparent", "tracestate", "x-request-id", "x-client-request-id", "request-id"}
)
"""Headers of a call that name one sending of it, or the trace that it belongs to.

In the configuration of an endpoint they name something else, so they count there. `baggage` always counts: it may carry
a tenant.
"""

CREDENTIALS = frozenset({"authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key"})
"""Headers with credentials."""

LARGE = 1_000_000
"""Bodies above this size are hashed off the event loop."""


class Hasher(Protocol):
    """A hash object of `hashlib`."""

    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...

    def copy(self) -> Hasher: ...


class RequestHasher:
    """Hashes the requests to one target, and what most of them have in common only once."""

    __slots__ = ("_account", "_last")

    def __init__(self) -> None:
        self._account: str | None = None
        self._last: tuple[tuple[Any, ...], Hasher] | None = None

    def static_account(self, target: ResolvedTarget) -> str | None:
        """Return the account of the configured credentials; None if a token has to be fetched first."""
        if self._account is None:
            self._account = target.static_account()
        return self._account

    def begin(self, common: tuple[Any, ...], head: Callable[[], Sequence[str]]) -> Hasher:
        """Return a hasher that has the parts of the head, each with its length.

        Args:
            common: What the head depends on. While it stays the same, the head is not asked for again.
            head: Returns the parts.
        """
        last = self._last
        if last is None or last[0] != common:
            last = self._last = common, begin_digest(head())
        return last[1].copy()


def begin_digest(head: Sequence[str]) -> Hasher:
    """Return a hasher that has these parts, each with its length."""
    hasher = hashlib.sha256()
    parts = [b"%d" % len(head), *[text.encode("utf-8", "surrogatepass") for text in head]]
    hasher.update(b"".join([b"%d:%b" % (len(part), part) for part in parts]))
    return hasher


async def request_key(
    call: Call, encoded: EncodedCall, io: IO, encode: Encode, hasher: RequestHasher, *, share_accounts: bool
) -> str:
    """Return the hexadecimal SHA-256 of the request.

    Args:
        call: The call as a layer has it.
        encoded: The encoding of the call.
        io: Fetches the credentials, and hashes large bodies.
        encode: Encodes a call with the constraints that are given.
        hasher: Hashes the requests of this target.
        share_accounts: Whether the credentials are left out.
    """
    target = encoded.target
    account = "" if share_accounts else hasher.static_account(target)
    if account is None or (target.certificate and not share_accounts):
        account = await account_of(io, target, call, account)
    model_file = await io.call(target.model_file) if target.model_file else ""
    try:
        whole, sent, (kind, body) = whole_request(encoded, encode)
    except PydanticSerializationError as error:
        raise unserializable(target, error) from error
    facts = (call.operation, account, share_accounts, model_file)
    headers = (*kind.items(), None, *whole.headers.items(), None, *sent.config.headers.items())
    place = (whole.method, whole.path, whole.path_prefix, headers)
    begun = hasher.begin((facts, place), partial(request_head, target, whole, sent, kind, *facts))
    if whole.oversized or not isinstance(body, bytes) or len(body) > LARGE:
        return await io.call(digest, begun, body, encoded.sent, whole.oversized)
    return digest(begun, body, encoded.sent, ())


def request_head(
    target: ResolvedTarget,
    whole: EncodedRequest,
    sent: Call,
    kind: Mapping[str, str],
    operation: str,
    account: str,
    share_accounts: bool,
    model_file: str,
) -> list[str]:
    """Return the parts of the key without the body: where the request is sent, by whom, and its headers."""
    request = target.unsigned(whole, sent, (kind, b""))
    left_out = PER_REQUEST - target.headers.keys()
    left_out |= CREDENTIALS if share_accounts else overwritten(target, request)
    return [
        KEY_VERSION,
        target.origin.provider,
        target.origin.model,
        target.origin.protocol or "",
        operation,
        account,
        signing_region(target),
        model_file,
        request.method,
        request.url,
        *[part for name in sorted(request.headers.keys() - left_out) for part in (name, request.headers[name])],
    ]


async def account_of(io: IO, target: ResolvedTarget, call: Call, configured: str | None) -> str:
    """Return which account the request uses: that of the configured credentials if they identify one.

    Else a token is fetched, which later requests reuse.
    """
    known = configured or ""
    if not known and isinstance(io, AuthenticatedIO):
        known = fetched_account(await io.token(TimeoutPolicy(call.config.timeouts, call.deadline, io.monotonic)))
    return hashed([known, await io.call(target.certificate)]) if target.certificate else known


def signing_region(target: ResolvedTarget) -> str:
    """The region that AWS's signature names, which the address need not; empty where a key is sent instead."""
    auth = target.auth_context
    return str(auth.config.get("region", "")) if (auth.credentials or target.source) and not auth.key else ""


def whole_request(encoded: EncodedCall, encode: Encode) -> tuple[EncodedRequest, Call, RequestContent]:
    """Return the request in its non-streaming form, its call and its body."""
    encoded_request, sent = encoded.encoded, encoded.sent
    streamed, path = encoded_request.stream_fields, encoded_request.whole_path or encoded_request.path
    if streamed is None and sent.config.streaming:
        config = sent.config.model_copy(update={"streaming": False})
        sent = replace(sent, config=config)
        encoded_request = encode(sent, encoded.constraints)
        return encoded_request, sent, encode_body(encoded_request)
    if path == encoded_request.path and (not streamed or streamed.keys().isdisjoint(encoded_request.body)):
        return encoded_request, sent, encoded.content()  # nearly always
    own_fields: set[str] = set()
    if not sent.config.streaming:
        own_fields = {
            *sent.config.options,
            *sent.endpoint.ai_model.parameters,
        }  # of a whole call, these are the caller's own
    fields = {name: value for name, value in (streamed or {}).items() if name not in own_fields}
    added = [
        name for name, value in fields.items() if name in encoded_request.body and encoded_request.body[name] == value
    ]
    if not added and path == encoded_request.path:
        return encoded_request, sent, encoded.content()
    body = {name: value for name, value in encoded_request.body.items() if name not in added}
    whole = replace(encoded_request, body=body, path=path)
    return whole, sent, encode_body(whole)


def overwritten(target: ResolvedTarget, request: HttpRequest) -> set[str]:
    """Return the headers with credentials that signing replaces, so they are not sent."""
    credentials = CREDENTIALS & request.headers.keys()
    if not credentials:
        return set()
    signed = target.signed(request, 0.0)
    return {name for name in credentials if signed.headers.get(name) != request.headers[name]}


def digest(hasher: Hasher, body: bytes | BodyPieces, call: Call, uploads: Sequence[Media]) -> str:
    """Hash every part with its length, so that different lists of parts cannot give the same bytes."""

    for place, part in placed_media(call, uploads) if uploads else ():
        facts = json.dumps([place, part.model_dump(mode="json", exclude={"data"})])
        hasher.update(b"%d:%b32:%b" % (len(facts), facts, hashlib.sha256(part.data or b"").digest()))
    if isinstance(body, bytes):
        hasher.update(b"%d:" % len(body))
        hasher.update(body)
    else:
        for piece in body:
            hasher.update(piece)
    return hasher.hexdigest()


def placed_media(call: Call, wanted: Sequence[Media]) -> Iterator[tuple[list[int], Media]]:
    """Yield these media with their position: message, part, and part of a tool result."""
    ids = {id(part) for part in wanted}
    if not ids:
        return
    for number, message in enumerate(call.messages):
        yield from media_at([number], message.contents, ids)


def media_at(place: list[int], contents: Sequence[Content], ids: set[int]) -> Iterator[tuple[list[int], Media]]:
    for number, part in enumerate(contents):
        here = [*place, number]
        if isinstance(part, Media) and id(part) in ids:
            yield here, part
        elif isinstance(part, ToolResultContent) and part.contents:
            yield from media_at(here, part.contents, ids)


def upload_key(part: Media, target: ResolvedTarget, account: str) -> str:
    """Return a hash of content, name and account, from which nothing can be read back."""
    seed = hashlib.sha256()
    headers = [text for name in sorted(target.headers) for text in (name, target.headers[name])]
    for text in (target.base_url, target.query, account, str(part.mime_type), str(part.name), *headers):
        encoded = text.encode("utf-8", "surrogatepass")
        seed.update(b"%d:" % len(encoded) + encoded)
    seed.update(part.data or b"")
    return seed.hexdigest()
