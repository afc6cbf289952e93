"""What a protocol must be able to say. Everything behind this is pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeVar

from ..dataclass import dataclass
from ..schema.rules import ANY_SCHEMA, SchemaRules
from ..wire.http import BodyPieces, Head

if TYPE_CHECKING:
    from ..errors import CallError
    from ..types.call import Call
    from ..types.delta import Delta
    from ..types.media import Media
    from ..types.plan import Fate
    from ..types.structured import OutputMode
    from ..types.warning import CallWarning
    from ..wire.frame import Frame, Frames
    from ..wire.multipart import Multipart
    from .media_support import MediaSupport


MALFORMED = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What a decoder raises for an answer that does not follow its protocol."""


@dataclass(frozen=True, slots=True)
class Quirks:
    """How a dialect departs from its protocol. Each protocol adds its own fields; each field names a behaviour.

    `params` renames request parameters (our name to the wire's); None means that the dialect has no such
    parameter. `defaults` are wire fields that every request carries.
    """

    names: ClassVar[Mapping[str, str | None]] = {}
    """The protocol's own names."""

    params: Mapping[str, str | None] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    structured: tuple[OutputMode, ...] = ("native", "tool", "prompt")
    """How answers can be held to a schema, the best way first."""

    structured_with_tools: bool = True
    """Whether a schema for the answer may be given together with tools."""

    hides_schema: bool = False
    """Whether the model is held to a schema that it is not shown."""

    schema_rules: SchemaRules | None = ANY_SCHEMA
    """What may be said in schemas that are held to strictly; None where none are."""

    loose_rules: SchemaRules | None = ANY_SCHEMA
    """What may be said in schemas that are only a wish; None where there are no such answers."""

    tool_rules: SchemaRules = ANY_SCHEMA
    """What may be said in the schema of a tool that is not strict."""

    media_support: Mapping[str, MediaSupport] = field(default_factory=dict)
    """What media may be like, by their kind: `image`, `audio`, `video` or `file`."""

    most_request_bytes: int | None = None
    """How much all media of a request may come to, as they are sent; None where that is not known."""

    def wire_name(self, parameter: str) -> str | None:
        """What the dialect calls a parameter; None when it has no such thing."""
        return self.params.get(parameter, self.names[parameter])


@dataclass(frozen=True, slots=True)
class BinaryBody:
    """A body that is not JSON, with the head that says what it is."""

    data: bytes = field(repr=False)
    head: Head = field(default_factory=lambda: Head(200))


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """How an answer is read, where what was asked decides it. A `blob` comes to `decoder.whole` as a `Blob`.

    `lines` come one by one to `decoder.frame`, and `pieces` are read as they come, whatever the answer says that it is.
    """

    decoder: Decoder
    frames: Callable[[], Frames] | None = None
    body: Literal["json", "blob", "lines", "pieces"] = "json"


@dataclass(frozen=True, slots=True)
class EncodedRequest:
    """A request before it has an address: what to send, and what could not be said.

    The body is sent as JSON, unless there is a `payload` to be sent as it is; a GET or DELETE has neither.
    """

    path: str
    body: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[CallWarning, ...] = ()
    method: str = "POST"
    part_outcomes: Mapping[int, tuple[Fate, str]] = field(default_factory=dict)
    """What became of the parts that did not go as they are, by their identity."""

    unfetched: tuple[Media, ...] = ()
    """Parts that are only an address, which the provider does not fetch: they are not in the body yet."""

    oversized: tuple[Media, ...] = ()
    """Parts that are too large for the body, and may be uploaded and named by their ids."""

    prefix: str | None = None
    """The hash of everything before the answer, where the answer's thinking will be bound to it."""
    background: bool = False
    """Whether the answer goes on being made when nobody listens, so that it can be asked for again."""
    payload: Multipart | BodyPieces | bytes | None = None
    response_format: ResponseFormat | None = None
    once: bool = False
    """Whether sending it a second time could be paid for twice."""

    under: str = ""
    """A folder before the last part of the base address, as Google has one for uploads."""

    stream_fields: Mapping[str, Any] | None = None
    """Body fields that only ask for a streamed or a whole answer, with the values that the codec gave them.

    None: unknown, so that the request for a whole answer has to be encoded to compare the two.
    """

    whole_path: str | None = None
    """The path of the same request for a whole answer, where it is another one."""


class Decoder(Protocol):
    """Reads one answer. Born with it and dies with it."""

    def whole(self, body: Any) -> Iterable[Delta]:
        """The deltas of an answer that came as one JSON body."""

    def frame(self, frame: Frame) -> Iterable[Delta]:
        """The deltas of one event of a stream."""

    def finish(self) -> Iterable[Delta]:
        """What was held back until the last byte, however the stream ended."""


class RequestAware:
    """A decoder that judges an answer by what was asked."""

    __slots__ = ()

    def set_request(self, encoded: EncodedRequest) -> None:
        """Told once, before anything is read."""
        raise NotImplementedError


Q = TypeVar("Q", bound="Quirks", contravariant=True)


class Codec(Protocol[Q]):
    """One protocol. Holds no state; `name` is how routes and origins call it."""

    name: str

    def encode(self, call: Call, quirks: Q) -> EncodedRequest: ...

    def frames(self) -> Frames: ...

    def decoder(self, quirks: Q) -> Decoder: ...

    def error(self, head: Head, body: bytes) -> CallError: ...
