"""The interface of codecs, and codecs by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cache
from importlib import import_module
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from ..errors import CallError
from ..http.protocol.message import BodyPieces, Head, Multipart
from ..schema.keywords import ANY_SCHEMA, SchemaRules
from ..types.chat.delta import Delta
from ..types.chat.report import CallWarning, PartOutcome
from ..types.chat.structured import OutputMode
from ..types.chat.usage import Usage
from ..types.config.call import Call
from ..types.content.media import Media
from ..wire.sse import Frame, Frames

MALFORMED = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""Exceptions that a decoder may raise for a response that does not follow its protocol."""


@dataclass(frozen=True, slots=True, eq=False)
class MediaSupport:
    """Supported media of one kind. An empty `types` allows every type; `most_bytes` is the size before encoding.

    With `by_id`, an uploaded file can be referenced by id, up to `most_uploaded` bytes. None means unknown: not
    checked.
    """

    types: tuple[str, ...] = ()
    most_bytes: int | None = None
    by_id: bool = False
    most_uploaded: int | None = None


@dataclass(slots=True, eq=False, repr=False)
class Quirks:
    """Differences of a dialect from its protocol. Each protocol adds its own fields.

    `params` renames request parameters (our name to the dialect's); None means that the dialect does not support the
    parameter. `defaults` are fields that are added to every request.
    """

    names: ClassVar[Mapping[str, str | None]] = {}
    """Parameter names of the protocol."""

    results_by_name: ClassVar[bool] = False
    """Whether tool results are matched to their calls by the name of the tool, so that they need no id."""

    params: Mapping[str, str | None] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    structured: tuple[OutputMode, ...] = ("native", "tool", "prompt")
    """Supported modes of structured output, the best one first."""

    structured_with_tools: bool = True
    """Whether structured output can be combined with tools."""

    hides_schema: bool = False
    """Whether the schema is enforced without being shown to the model."""

    schema_rules: SchemaRules | None = ANY_SCHEMA
    """What strict schemas may contain; None if strict schemas are unsupported."""

    loose_rules: SchemaRules | None = ANY_SCHEMA
    """What schemas that are not enforced may contain; None if these are unsupported."""

    tool_rules: SchemaRules = ANY_SCHEMA
    """What the schema of a tool that is not strict may contain."""

    tool_fields: frozenset[str] = frozenset()
    """Fields that a tool may have besides ours; `Tool.extras` holds them."""

    media_support: Mapping[str, MediaSupport] = field(default_factory=dict)
    """Supported media by kind: `image`, `audio`, `video` or `file`."""

    most_request_bytes: int | None = None
    """Maximum size of all media of a request after encoding, in bytes; None if unknown."""

    def __repr__(self) -> str:
        """Show the fields that differ from their defaults; the classes of dialects have up to fifty."""
        changed = ((one.name, getattr(self, one.name)) for one in fields(self) if not is_default(one, self))
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in changed)})"

    def wire_name(self, parameter: str) -> str | None:
        """Return the dialect's name of a parameter; None if unsupported."""
        return self.params.get(parameter, self.names[parameter])


def is_default(declared: Field[Any], owner: Quirks) -> bool:
    """Return whether a field of these quirks has its default."""
    default = declared.default if declared.default_factory is MISSING else declared.default_factory()
    return bool(getattr(owner, declared.name) == default)


@dataclass(slots=True, eq=False)
class BinaryBody:
    """A body that is not JSON, with the response head that gives its content type."""

    data: bytes = field(repr=False)
    head: Head = field(default_factory=lambda: Head(200))


@dataclass(slots=True, eq=False)
class ResponseFormat:
    """How to read the response, if it depends on the request. With `blob`, `decoder.whole` gets a `BinaryBody`.

    With `lines`, each line goes to `decoder.frame`; with `pieces`, data is read as it arrives, whatever its content
    type.
    """

    decoder: Decoder
    frames: Callable[[], Frames] | None = None
    body: Literal["json", "blob", "lines", "pieces"] = "json"


@dataclass(slots=True, eq=False)
class EncodedRequest:
    """A request without host and authentication: path, body, headers and warnings.

    The body is sent as JSON, unless there is a `payload`, which is sent as it is; a GET or DELETE has neither.
    """

    path: str
    body: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[CallWarning, ...] = ()
    method: str = "POST"
    part_outcomes: Mapping[int, tuple[PartOutcome, str]] = field(default_factory=dict)
    """How parts that were not sent unchanged were converted, by `id()` of the part."""

    unfetched: tuple[Media, ...] = ()
    """Parts with only a URL that the provider cannot fetch; they are not in the body yet."""

    oversized: tuple[Media, ...] = ()
    """Parts that are too large for the body and can be uploaded and referenced by id."""

    prefix: str | None = None
    """Hash of the conversation so far, if the reasoning of the answer is bound to it."""
    background: bool = False
    """Whether the response is generated in the background, so that it can be fetched again."""
    payload: Multipart | BodyPieces | bytes | None = None
    response_format: ResponseFormat | None = None
    expected_usage: Usage | None = None
    """What the request determines of its usage: units such as images, characters or seconds, and the options that
    determine their price. None if nothing is known before the answer.
    """
    no_replay: bool = False
    """Whether sending the request twice could be billed twice."""

    path_prefix: str = ""
    """Folder before the last part of the base URL, as for uploads at Google."""

    stream_fields: Mapping[str, Any] | None = None
    """Body fields that only select a streamed or a complete response, with their values.

    None if unknown: the request for a complete response must then be encoded to compare the two.
    """

    whole_path: str | None = None
    """Path of the same request for a complete response, if it differs."""


class Decoder(Protocol):
    """Decodes one response. Create a new one for each response."""

    def whole(self, body: Any) -> Iterable[Delta]:
        """Decode a response that was received as one JSON body."""
        ...

    def frame(self, frame: Frame) -> Iterable[Delta]:
        """Decode one event of a stream."""
        ...

    def finish(self) -> Iterable[Delta]:
        """Return the deltas that were held back, however the stream ended."""
        ...


class RequestAware:
    """A decoder that needs the request to decode the response."""

    __slots__ = ()

    def set_request(self, encoded: EncodedRequest) -> None:
        """Set the request; called once, before anything is decoded."""
        raise NotImplementedError


Q = TypeVar("Q", bound="Quirks", contravariant=True)


class Codec(Protocol[Q]):
    """Encoder and decoder of one protocol. It has no state; routes and origins refer to it by `name`."""

    name: str

    def encode(self, call: Call, quirks: Q) -> EncodedRequest: ...

    def frames(self) -> Frames: ...

    def decoder(self, quirks: Q) -> Decoder: ...

    def error(self, head: Head, body: bytes) -> CallError: ...


OPERATIONS: dict[str, str] = {
    "anthropic.batches": "anthropic.batches:BATCHES",
    "anthropic.count_tokens": "anthropic.codec:COUNT_TOKENS",
    "cohere.embeddings": "cohere.codec:EMBEDDINGS",
    "converse.count_tokens": "converse.codec:COUNT_TOKENS",
    "converse.nova_embeddings": "converse.codec:NOVA_EMBEDDINGS",
    "converse.rerank": "converse.codec:RERANK",
    "converse.titan": "converse.codec:TITAN",
    "deepgram.speech": "operations.deepgram:SPEECH",
    "deepgram.transcription": "operations.deepgram:TRANSCRIPTION",
    "gemini.batches": "gemini.batches:BATCHES",
    "gemini.count_tokens": "gemini.codec:COUNT_TOKENS",
    "gemini.embeddings": "gemini.embeddings:EMBEDDINGS",
    "gemini.files": "gemini.batches:FILES",
    "gemini.vector_stores": "gemini.embeddings:STORES",
    "gemini.images": "gemini.media:IMAGES",
    "gemini.speech": "gemini.media:SPEECH",
    "gemini.transcription": "gemini.media:TRANSCRIPTION",
    "ollama.embeddings": "ollama.codec:EMBEDDINGS",
    "openai_chat.count_tokens": "openai_chat.codec:COUNT_TOKENS",
    "openai_chat.images": "openai_chat.codec:IMAGES",
    "openai_responses.count_tokens": "openai_responses.codec:COUNT_TOKENS",
    "openai_rest.batches": "openai_rest.batches:BATCHES",
    "openai_rest.embeddings": "openai_rest.embeddings:EMBEDDINGS",
    "openai_rest.mistral_batches": "openai_rest.batches:MISTRAL_BATCHES",
    "openai_rest.moderations": "openai_rest.embeddings:MODERATIONS",
    "openai_rest.multimodal_embeddings": "openai_rest.embeddings:MULTIMODAL_EMBEDDINGS",
    "openai_rest.ocr": "openai_rest.files:OCR",
    "openai_rest.rerank": "openai_rest.embeddings:RERANK",
    "openai_rest.collections": "openai_rest.vector_stores:COLLECTIONS",
    "openai_rest.libraries": "openai_rest.vector_stores:LIBRARIES",
    "openai_rest.xai_batches": "openai_rest.batches:XAI_BATCHES",
    "vertex.embed_content": "gemini.embeddings:VERTEX_EMBED_CONTENT",
    "vertex.embeddings": "gemini.embeddings:VERTEX_EMBEDDINGS",
    "vertex.imagen": "gemini.media:IMAGEN",
}
"""Operations that share a module, with the module and the constant that hold their codec."""


@cache
def load_codec(name: str) -> Codec[Any]:
    """Load a codec by name.

    Args:
        name: A protocol such as `openai_chat`, or an operation such as `openai_chat.images`.

    Returns:
        The codec. Operations that are not in `OPERATIONS` are modules of their own.
    """
    module, _, constant = OPERATIONS.get(name, name if "." in name else f"{name}.codec").partition(":")
    codec: Codec[Any] = getattr(import_module(f".{module}", __package__), constant or "CODEC")
    return codec
