"""Requests JSON documents, such as the list of models, with the key, timeouts, retries and errors of calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from ..codecs.base import MALFORMED, EncodedRequest
from ..codecs.common.request import quote_segment
from ..codecs.operations.operation import next_page, read_listing
from ..errors import CallError, DhenaraError, UnsupportedError
from ..io.protocol import IO
from ..providers.base_urls import fill_template, own_host
from ..providers.provider import ModelListRoute
from ..providers.target import ResolvedTarget
from ..response.builder import ResponseBuilder
from ..types.chat.delta import Delta, StreamEnd
from ..types.config.call import Call, CallJournal
from ..types.config.model import ModelListing
from ..wire.sse import Frame
from .authentication import with_authentication
from .call_log import log_request
from .connect import connect, limited, read_error_response
from .middleware import Send, wrap_layer
from .retry import Retry
from .streaming.response_reader import BufferedSource, ResponseReader, undecodable_error
from .streaming.stream import Stream
from .timeouts import TimeoutPolicy, with_deadline


class JsonDocumentReader:
    """Decoder that keeps the whole JSON document."""

    def __init__(self) -> None:
        self.document: Any = {}

    def whole(self, body: Any) -> Iterator[Delta]:
        self.document = body
        yield StreamEnd()

    def frame(self, frame: Frame) -> Iterable[Delta]:
        return ()

    def finish(self) -> Iterable[Delta]:
        return ()


async def fetch(
    io: IO, target: ResolvedTarget, encoded: EncodedRequest, call: Call, journal: CallJournal | None = None
) -> Any:
    """Return the document, with the retries and timeouts of the call but a journal of its own."""
    reader = JsonDocumentReader()
    send = wrap_layer(Retry(io).retry_failures, document_sender(io, target, encoded, reader))
    await (await send(with_deadline(replace(call, journal=journal or CallJournal()), io))).response()
    return reader.document


def document_sender(io: IO, target: ResolvedTarget, encoded: EncodedRequest, reader: JsonDocumentReader) -> Send:
    async def send(call: Call) -> Stream:
        response_reader = await open_document(io, target, encoded, call)
        stream = Stream(
            BufferedSource(response_reader, reader),
            ResponseBuilder(target.origin),
            redactor=response_reader.redactor,
        )
        try:
            await stream.prime()
        except CallError:
            await stream.close()
            raise
        return stream

    return send


async def open_document(io: IO, target: ResolvedTarget, encoded: EncodedRequest, call: Call) -> ResponseReader:
    """Send the request and return a reader; raise if the status is an error."""
    timeout_policy = TimeoutPolicy(call.config.timeouts, call.deadline, io.monotonic)
    request = limited(target.request(encoded, call, io.time()), call, encoded.response_format)
    log_request(call, request)
    reader = await connect(io, target, request, timeout_policy)
    call.journal.set_head(reader.head)
    if reader.head.status >= 300:
        raise await read_error_response(target, reader)
    return reader


MOST_PAGES = 1_000
OPENAI_PROTOCOLS = ("openai_chat", "openai_responses")


async def list_models(io: IO, target: ResolvedTarget, call: Call) -> list[ModelListing]:
    """Return every model that the provider lists for this key."""
    listing = find_listing(target)
    listing_target = replace(target, base_url=address(target, listing))
    io = io if listing_target.base_url == target.base_url else with_authentication(io, listing_target)
    listed: dict[str, ModelListing] = {}
    query = dict(listing.query)
    journals: list[CallJournal] = []
    for _ in range(MOST_PAGES):
        path = listing.path + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        journals.append(CallJournal())
        try:
            page = await fetch(
                io, listing_target, EncodedRequest(path, {}, listing.headers, method="GET"), call, journals[-1]
            )
            models = read_page(page, target)
        except DhenaraError as error:
            error.attempts = tuple(attempt for journal in journals for attempt in journal.attempts)
            raise
        next_query = next_page(page, listing.after)
        new_models = {model.id: model for model in models if model.id not in listed}
        listed.update(new_models)
        # A server that ignores the page parameter would return the first page forever.
        if not next_query or not new_models:
            break
        query.update(next_query)
    return list(listed.values())


def read_page(page: Any, target: ResolvedTarget) -> list[ModelListing]:
    origin = target.origin
    try:
        return list(read_listing(page, origin.provider))
    except MALFORMED as error:
        call_error = undecodable_error(error)
        call_error.provider, call_error.model = origin.provider, origin.model
        raise call_error from error


def find_listing(target: ResolvedTarget) -> ModelListRoute:
    """Return the provider's listing route, or the OpenAI one if it uses an OpenAI protocol."""
    provider, base = target.provider, target.route.base
    if provider.listing is not None:
        return provider.listing.by_base_url.get(base or "", provider.listing)
    if any(route.codec in OPENAI_PROTOCOLS for route in provider.routes) and not provider.embedded:
        return ModelListRoute()
    raise UnsupportedError(f"{provider.name} does not list its models")


def address(target: ResolvedTarget, listing: ModelListRoute) -> str:
    """Return the URL of the listing: the user's base URL if set, else the provider's."""
    provider, route = target.provider, target.route
    entries = {**target.auth_context.config, "model": quote_segment(target.origin.model)}
    prefix = fill_template(provider.prefix if route.prefix is None else route.prefix, provider, entries)
    root = target.base_url.removesuffix(prefix)
    if listing.base is not None and own_host(root, provider.hosts or (provider.base_url,)):
        root = fill_template(listing.base, provider, entries)
    return root + (prefix if listing.prefix is None else fill_template(listing.prefix, provider, entries))
