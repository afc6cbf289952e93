"""Codecs of operations other than chat: their base classes, and lists of models."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable
from urllib.parse import urlencode

from ...errors import CallError, ConfigurationError
from ...http.protocol.message import Head
from ...types.chat.delta import Delta, ErrorDelta, ResultDelta, StreamEnd
from ...types.chat.message import Message
from ...types.chat.report import CallWarning, OperationResponse, TokenCountResponse
from ...types.config.call import Call
from ...types.config.model import ModelListing
from ...types.content.media import Media
from ...types.model_base import FrozenModel
from ...types.tools.tool_definition import ToolDefinition
from ...wire import json
from ...wire.sse import Frame, Frames, SseFrames
from ..base import MALFORMED, EncodedRequest, Quirks, ResponseFormat
from ..common.plan import WarningCollector
from ..common.response_fields import count, require
from ..error_mapping import contains_error, parse_body

Q = TypeVar("Q", bound=Quirks)
V = TypeVar("V", bound=FrozenModel)
Wire = Mapping[str, Any]


@dataclass(slots=True, eq=False)
class DocumentReader:
    """Reads a response that is a single document; if it is unreadable, looks for an error message in it."""

    read: Callable[[Any], Iterable[Delta]]
    refuse: Callable[[Head, Any], CallError] | None = None

    def whole(self, body: Any) -> Iterable[Delta]:
        try:
            data = list(self.read(body))
        except MALFORMED:
            if self.refuse is None or not contains_error(body):
                raise
            yield ErrorDelta(self.refuse(Head(0), body))
            return
        yield from data
        yield StreamEnd()

    def frame(self, frame: Frame) -> Iterable[Delta]:
        raise ValueError("expected one document, got a stream")

    def finish(self) -> Iterable[Delta]:
        return ()


@dataclass(frozen=True, slots=True, eq=False)
class OperationCodec(Generic[Q]):
    """An operation codec: `write` encodes the request, `read` decodes the response, `refuse` decodes an error."""

    name: str
    write: Callable[[Call, Q], EncodedRequest]
    read: Callable[[Q, Any], Iterable[Delta]]
    refuse: Callable[[Head, Any], CallError]

    def encode(self, call: Call, quirks: Q) -> EncodedRequest:
        return self.write(call, quirks)

    def frames(self) -> Frames:
        return SseFrames()

    def decoder(self, quirks: Q) -> DocumentReader:
        return DocumentReader(partial(self.read, quirks), self.refuse)

    def error(self, head: Head, body: bytes) -> CallError:
        return self.refuse(head, parse_body(body))


def request_of(call: Call, kind: type[V]) -> V:
    """Return the request of the call, checked to be of this class."""
    if not isinstance(call.request, kind):
        raise ConfigurationError(f"{call.operation!r}: request must be a {kind.__name__}. Pass it as Call.request")
    return call.request


Reader = Callable[[dict[str, Any]], OperationResponse]


def read_as(read: Reader) -> ResponseFormat:
    """Return how to read a response that is one document."""

    def deltas(body: Any) -> Iterator[Delta]:
        yield ResultDelta(read(body))

    return ResponseFormat(DocumentReader(deltas))


def get_document(path: str, read: Reader, headers: Mapping[str, str], **question: Any) -> EncodedRequest:
    query = urlencode({name: value for name, value in question.items() if value is not None})
    whole = f"{path}?{query}" if query else path
    return EncodedRequest(whole, {}, headers, method="GET", response_format=read_as(read))


def post_document(
    call: Call,
    path: str,
    body: Wire,
    read: Reader,
    headers: Mapping[str, str],
    warnings: tuple[CallWarning, ...] = (),
) -> EncodedRequest:
    fields = {name: value for name, value in body.items() if value not in (None, {}, [])}
    return EncodedRequest(path, {**fields, **call.config.options}, headers, warnings, response_format=read_as(read))


def warn_left_out(call: Call, request: FrozenModel, names: Iterable[str]) -> WarningCollector:
    """Return warnings about those of the fields that have a value, because the provider does not have them."""
    warnings = WarningCollector(str(call.endpoint.api.provider))
    for name in names:
        if getattr(request, name):
            warnings.unsupported(name)
    return warnings


@runtime_checkable
class SupportsBackground(Protocol):
    """A codec that supports background responses."""

    def is_pending(self, body: Any) -> bool: ...

    def retrieve_request(self, answer_id: str, quirks: Any, after: int | None = None) -> EncodedRequest: ...

    def stop(self, answer_id: str, quirks: Any) -> EncodedRequest: ...


def count_reader(field: str) -> Callable[[Any, Any], Iterator[Delta]]:
    """Return a reader for a count in this field of the response."""

    def read(quirks: Any, body: Any) -> Iterator[Delta]:
        counted = count(body, field)
        if counted is None:
            raise ValueError(f"expected a token count, but the field {field} is missing")
        yield ResultDelta(TokenCountResponse(input_tokens=counted))

    return read


LETTERS_PER_TOKEN = 4
TOKENS_PER_TURN = 4
TOKENS_PER_PICTURE = 800
"""Providers count images by size, from a few hundred to 2,000 tokens."""


def estimate_tokens(call: Call) -> int:
    """Estimate the input tokens of what is sent, without what the provider adds to it.

    For 300 tokens of text and more, nine of ten recorded prompts were within a third of the real count. With tools,
    most of them were above it, as providers add instructions: at Anthropic about 350 tokens.
    """
    words = sum(tokens(text) for text in call_texts(call))
    pictures = sum(isinstance(part, Media) for message in call.messages for part in message.contents)
    return words + TOKENS_PER_TURN * (len(call.messages) + len(call.instructions)) + TOKENS_PER_PICTURE * pictures


def tokens(text: str) -> int:
    """Estimate a text: four Latin letters per token, one character per token for most other scripts."""
    plain = len(text) if text.isascii() else sum(letter < "\u0250" for letter in text)
    return -(-plain // LETTERS_PER_TOKEN) + len(text) - plain


def call_texts(call: Call) -> Iterator[str]:
    yield from call.instructions
    for message in call.messages:
        yield from message_texts(message)
    for tool in call.config.tools:
        if isinstance(tool, ToolDefinition):
            yield json.dumps(tool.model_dump(exclude_none=True)).decode()


def message_texts(message: Message) -> Iterator[str]:
    """Return all content of a message that becomes tokens; content that is not text as its JSON."""
    for part in message.contents:
        text = part.get_text()
        if text:
            yield text
        elif not isinstance(part, Media):
            yield json.dumps(part.model_dump(exclude_none=True, exclude={"origin", "extras", "type"})).decode()


Names = tuple[str, ...]

# Where each field may be, the most exact name first; a dot is one level down.
LISTS: Names = ("data", "models", "modelSummaries", "publisherModels")
# Deepgram lists transcription and speech models separately.
SIDE_BY_SIDE: Names = ("stt", "tts")
ID: Names = ("id", "modelId", "model", "canonical_name", "name")
DISPLAY: Names = ("display_name", "displayName", "modelName", "name")
OWNER: Names = ("owned_by", "providerName", "organization", "publisher")
CONTEXT: Names = (
    *("context_window", "context_length", "max_context_length", "max_model_len", "inputTokenLimit"),
    *("max_input_tokens", "metadata.context_length", "meta.n_ctx", "meta.n_ctx_train", "limits.max_input_tokens"),
)
OUTPUT: Names = (
    *("max_completion_tokens", "max_output_tokens", "outputTokenLimit", "top_provider.max_completion_tokens"),
    *("max_output_length", "max_tokens", "metadata.max_tokens", "limits.max_output_tokens"),
)
CREATED: Names = ("created", "created_at", "createdAt", "modified_at")
CAPABILITIES: Names = (
    *("capabilities", "supportedGenerationMethods", "endpoints", "supported_parameters", "type"),
    *("metadata.tags", "inferenceTypesSupported"),
)
INPUT_MODALITY_FIELDS: Names = (
    "architecture.input_modalities",
    "inputModalities",
    "supported_input_modalities",
    "input_modalities",
)
SPOKEN: Names = (
    *("architecture.output_modalities", "outputModalities", "supported_output_modalities", "output_modalities"),
)
PLACE = re.compile(r"^(publishers/[^/]+/)?models/")
# Token of the next page, and the query parameter for it.
TOKENS = {"nextPageToken": "pageToken", "next_page_token": "page_token", "nextToken": "nextToken"}


def read_listing(page: Any, provider: str) -> Iterator[ModelListing]:
    """Read the models on this page."""
    if not isinstance(page, list):
        require(page, "a list of models", *LISTS, *SIDE_BY_SIDE)
    listed = page if isinstance(page, list) else first_value(page, LISTS) or column_rows(page)
    named = [(entry, name) for entry in listed if isinstance(name := first_value(entry, ID), str) and name]
    if listed and not named:
        raise ValueError("expected a list of models, but no entry has a name")
    for entry, name in named:
        yield read_model(entry, PLACE.sub("", name), provider)


def column_rows(page: Any) -> list[Any]:
    return [entry for name in SIDE_BY_SIDE for entry in (get_path(page, name) or ())]


def read_model(entry: Wire, name: str, provider: str) -> ModelListing:
    display, owner = first_value(entry, DISPLAY), first_value(entry, OWNER)
    return ModelListing(
        id=name,
        provider=provider,
        display_name=display if isinstance(display, str) and display != first_value(entry, ID) else None,
        owner=owner if isinstance(owner, str) else None,
        context_window=positive_int(first_value(entry, CONTEXT)),
        max_output_tokens=positive_int(first_value(entry, OUTPUT)),
        created=read_time(first_value(entry, CREATED)),
        capabilities=(*string_list(first_value(entry, CAPABILITIES)), *flag_names(entry)),
        input_modalities=tuple(word.lower() for word in string_list(first_value(entry, INPUT_MODALITY_FIELDS))),
        output_modalities=tuple(word.lower() for word in string_list(first_value(entry, SPOKEN))),
        raw=dict(entry),
    )


def next_page(page: Any, after: str) -> dict[str, str]:
    """Return the query parameters for the next page; empty on the last page."""
    if not isinstance(page, Mapping):
        return {}
    for data, request in TOKENS.items():
        if page.get(data):
            return {request: str(page[data])}
    return {after: str(page["last_id"])} if page.get("has_more") and page.get("last_id") else {}


def first_value(entry: Wire, names: Names) -> Any:
    return next((value for name in names if (value := get_path(entry, name)) not in (None, "", [], {})), None)


def get_path(entry: Any, name: str) -> Any:
    for step in name.split("."):
        entry = entry.get(step) if isinstance(entry, Mapping) else None
    return entry


def positive_int(number: Any) -> int | None:
    return number if isinstance(number, int) and number > 0 else None


def string_list(data: Any) -> tuple[str, ...]:
    """Return a list of strings; for an object with booleans, the keys that are true."""
    if isinstance(data, str):
        return (data,)
    if isinstance(data, Mapping):
        return tuple(name for name, value in data.items() if is_on(value))
    return tuple(word for word in data if isinstance(word, str)) if isinstance(data, list) else ()


def is_on(value: Any) -> bool:
    return value.get("supported") is True if isinstance(value, Mapping) else value is True


def flag_names(entry: Wire) -> Iterator[str]:
    """Return boolean fields such as `supports_tools` and `supports_chat`."""
    return (name.removeprefix("supports_") for name, on in entry.items() if name.startswith("supports_") and on is True)


def read_time(data: Any) -> datetime | None:
    """Parse seconds since 1970 or a date; None for anything else, and for zero."""
    if isinstance(data, str):
        try:
            return datetime.fromisoformat(data)
        except ValueError:
            return None
    try:
        return datetime.fromtimestamp(data, UTC) if data else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None
