"""The innermost step: sends a call as HTTP, with an idempotency key, and returns the response as a stream of deltas."""

from __future__ import annotations

import zlib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pydantic_core import PydanticSerializationError

from ..codecs.base import Decoder, EncodedRequest, RequestAware, ResponseFormat
from ..codecs.common.plan import fingerprint_of
from ..codecs.common.tools import output_mode, output_tool_name
from ..errors import CallError, NotFoundError, UnsupportedError
from ..http.protocol.message import HttpRequest
from ..io.protocol import IO
from ..providers.target import NO_HEADERS, ResolvedTarget
from ..response.builder import ResponseBuilder, Shaper
from ..response.structured import parse_structured
from ..types.chat.delta import WarningDelta
from ..types.chat.report import CallWarning
from ..types.config.api import AIModelEndpoint
from ..types.config.call import Call
from .call_log import log_request
from .connect import connect, read_error_response, with_names
from .middleware import Encoder
from .request_builder import add_target
from .request_key import EncodedCall, unserializable
from .streaming.background import with_background
from .streaming.completed_stream import unsupported_error
from .streaming.response_reader import BufferedSource, ResponseReader, StreamingSource
from .streaming.stream import DeltaSource, Stream
from .streaming.structured_output import OutputToolDecoder
from .timeouts import TimeoutPolicy

if TYPE_CHECKING:
    from .operations.files import Filing
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from .. import catalog
from ..types.chat.cost import Cost
from ..types.chat.response import ChatResponse

BITS = 53
"""Random bits of one `io.random()`."""

RANGE = 2.0**BITS


MISSING = {
    "store": "Check the id of the vector store",
    "stored file": "Check the ids of the vector store and of the file",
    "batch": "Check the id of the batch",
    "skill": "Check the id of the skill",
    "container": "Check the ids of the container and of the file; a container that has expired is gone",
    "file": "Check the id of the file",
}
NAMED_IN_MESSAGE = ("vector store", "batch", "skill", "container", "file", "response", "conversation", "prompt")


def advise_missing(error: CallError, call: Call) -> CallError:
    """Say how to fix a 404 of something else than a model."""
    if isinstance(error, NotFoundError):
        thing = requested_thing(call)
        text = error.message.replace("_", " ").lower()
        named = None if "model" in text else next((name for name in NAMED_IN_MESSAGE if name in text), None)
        if thing is not None:
            error.advice = f"{MISSING[thing]}, and that this key may use it."
        elif named is not None and call.operation == "chat":
            error.advice = f"Check the id of the {named}, and that this key may use it."
    return error


def requested_thing(call: Call) -> str | None:
    """Return what the id in the request is of; None if it has none."""
    request = call.request
    match call.operation, getattr(request, "file_id", None):
        case "vector_stores" | "search_vector_store", file_id:
            in_store = file_id is not None and getattr(request, "action", "") in ("add", "file", "remove")
            return "stored file" if in_store else "store" if getattr(request, "store_id", None) else None
        case "batches", _:
            return "batch" if getattr(request, "batch_id", None) else None
        case "files", str():
            if getattr(request, "container", None):
                return "container"
            return "skill" if getattr(request, "place", "") == "skills" else "file"
    return None


def idempotency_header(request: HttpRequest, target: ResolvedTarget, call: Call, io: IO) -> Mapping[str, str]:
    """Return the header with the call's idempotency key, if the provider has such a header and the user set none.

    All attempts of a call share the key. A request whose body changed, for example without a rejected parameter, gets
    another one, because servers reject a known key with a different body.
    """
    name = target.provider.idempotency_header
    if name is None or request.method != "POST" or name in request.headers:
        return NO_HEADERS
    journal = call.journal
    if not journal.idempotency_key:
        number = int(io.random() * RANGE) << BITS | int(io.random() * RANGE)
        journal.idempotency_key = f"dhenara-{number:027x}"
    content = zlib.crc32(request.body) if isinstance(request.body, bytes) else request.body.size
    return {name: f"{journal.idempotency_key}-{content:08x}"}


STREAMS = ("text/event-stream", "application/vnd.amazon.eventstream", "application/x-ndjson")
DOCUMENTS = ("application/json", "text/html")


class RequestSender:
    """The innermost `Send`: sends calls to one target.

    Args:
        encoder: Encodes the calls.
        filing: Returns the pipeline to the provider's files; None where calls cannot upload.
    """

    def __init__(self, encoder: Encoder, filing: Filing | None = None) -> None:
        self._encoder = encoder
        self._filing = filing
        self._io = encoder.io
        self._target = encoder.target
        self._pricing = TargetPricing(encoder.target)

    async def send_request(self, call: Call) -> Stream:
        """Send one HTTP request and return its stream after the first content has arrived.

        Raises:
            CallError: If the request failed or was refused.
            ConfigurationError: If the call cannot be encoded; nothing was sent.
        """
        io, target = self._io, self._target
        if call.config.test_mode:
            raise unsupported_error(call)
        call, encoded, warnings = await self._encode(call)
        encoded_request = encoded.encoded
        for step in call.journal.before_send:
            await step()
        call.journal.sent_constraints = encoded.constraints
        timeouts = TimeoutPolicy(call.config.timeouts, call.deadline, io.monotonic)
        now = io.time()
        request = self._http_request(call, encoded, now)
        log_request(call, request)
        reader = await connect(io, target, request, timeouts)
        call.journal.head = reader.head
        if reader.head.status >= 300:
            raise advise_missing(await read_error_response(target, reader), call)
        prefix = encoded_request.prefix
        origin = target.origin if prefix is None else target.origin.model_copy(update={"prefix": prefix})
        builder = ResponseBuilder(origin, self._pricing.cost_function(call, now), output_parser(call))
        source = make_source(target, reader, call, encoded_request)
        if encoded_request.background:
            source = with_background(io, target, call, source, reader)
        notes = (*call.journal.notes, *warnings)
        before = [WarningDelta(note) for note in notes] if notes else ()
        stream = Stream(source, builder, before, reader.redactor, timeouts.total_check())
        try:
            await stream.prime()
        except CallError as error:
            advise_missing(with_names(target, error), call)
            await stream.close()
            raise
        call.journal.began_at = io.monotonic()
        call.journal.encoded = None  # it may be large, and reading the response may take long
        return stream

    async def _encode(self, call: Call) -> tuple[Call, EncodedCall, tuple[CallWarning, ...]]:
        """Return the call with its media fetched and uploaded, its encoding, and the warnings of its response."""
        encoded = await self._encoder.encode_call(call)
        if encoded.sent.messages is not call.messages:
            call = replace(call, messages=encoded.sent.messages)
        warnings = (*call.journal.warnings, *encoded.encoded.warnings)
        if warnings and call.config.strict:
            text = "; ".join(warning.message for warning in warnings)
            error = UnsupportedError(f"{text}. With strict=False this is a warning on the response.")
            add_target(error, call)
            raise error
        if encoded.encoded.oversized and self._filing is not None:
            from .operations.files import upload_media

            call, notes = await upload_media(call, encoded.encoded.oversized, self._filing)
            warnings = (*warnings, *notes)
            request = self._encoder.builder.write(call, encoded.constraints)
            encoded = EncodedCall(call, call, request, self._target, encoded.constraints)
        return call, encoded, warnings

    def _http_request(self, call: Call, encoded: EncodedCall, now: float) -> HttpRequest:
        """Return the signed HTTP request."""
        target = self._target
        try:
            if call.config.fingerprint:
                call.journal.fingerprint = fingerprint_of(encoded.encoded.body)
            request = encoded.unsigned()
            return target.signed(request, now, idempotency_header(request, target, call, self._io))
        except PydanticSerializationError as error:
            raise unserializable(target, error) from error


def make_source(target: ResolvedTarget, reader: ResponseReader, call: Call, encoded: EncodedRequest) -> DeltaSource:
    """Choose the source by the response's content type, then by the request."""
    kind = reader.head.headers.get("content-type", "")
    if kind not in DOCUMENTS:
        kind = kind.split(";")[0].strip().lower()
    streams = kind in STREAMS or (call.config.streaming and kind not in DOCUMENTS)
    response_format = encoded.response_format or ResponseFormat(decoder_for(target, call, encoded))
    if streams or response_format.body in ("lines", "pieces"):
        return StreamingSource(reader, response_format.decoder, (response_format.frames or target.frames)())
    return BufferedSource(
        reader,
        response_format.decoder,
        is_blob=response_format.body == "blob",
        keeps_body=call.config.keep_provider_response,
    )


def decoder_for(target: ResolvedTarget, call: Call, encoded: EncodedRequest) -> Decoder:
    decoder = target.codec.decoder(target.quirks)
    if isinstance(decoder, RequestAware):
        decoder.set_request(encoded)
    shape = call.config.structured_output
    if shape is None or call.operation != "chat" or output_mode(call, target.quirks) != "tool":
        return decoder
    return OutputToolDecoder(decoder, output_tool_name(call, shape))


def output_parser(call: Call) -> Shaper | None:
    """Return the function that parses structured output, or None."""
    shape = call.config.structured_output
    if shape is None:
        return None
    return partial(parse_structured, shape=shape)


class TargetPricing:
    """Prices the responses of one target. The price tables are loaded with the first cost that is read."""

    def __init__(self, target: ResolvedTarget) -> None:
        self._base_url = target.base_url
        self._prices: catalog.EndpointPrices | None = None

    def cost_function(self, call: Call, at: float) -> Callable[[ChatResponse], Cost]:
        """Return a function that prices a response of this call at the time `at`."""
        return partial(self._compute_cost, call.endpoint, call.config.service_tier, at)

    def _compute_cost(
        self, endpoint: AIModelEndpoint, requested_tier: str | None, at: float, answer: ChatResponse
    ) -> Cost:
        return self._prices_of(endpoint).cost(
            answer.usage,
            served=answer.model,
            service_tier=tier_of(answer) or requested_tier,
            at=datetime.fromtimestamp(at, UTC),
        )

    def _prices_of(self, endpoint: AIModelEndpoint) -> catalog.EndpointPrices:
        prices = self._prices
        if prices is None or prices.endpoint is not endpoint:
            self._prices = prices = catalog.EndpointPrices(endpoint, self._base_url)
        return prices


def tier_of(answer: ChatResponse) -> str | None:
    """Return the service tier; Anthropic and Google report it in the usage, Bedrock next to it. Texts only."""
    counts, extras = answer.usage.raw, answer.extras
    tier = extras.get("service_tier")
    if tier and isinstance(tier, str):
        return tier
    if "service_tier" not in counts and "serviceTier" not in counts and "serviceTier" not in extras:
        return None  # nearly always
    other = extras.get("serviceTier")
    if isinstance(other, dict):
        other = other.get("type")
    for tier in (counts.get("service_tier"), counts.get("serviceTier"), other):
        if isinstance(tier, str) and tier:
            return tier
    return None
