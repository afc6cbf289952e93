"""Deltas: the smallest facts a provider tells about its answer, in arrival order. They flow; nobody keeps them."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal

from ..dataclass import dataclass
from .usage import Usage

if TYPE_CHECKING:
    from .part import Content
    from .result import Result
    from .text import Citation
    from .warning import CallWarning

FinishReason = Literal[
    "stop",
    "length",
    "tool_calls",
    "content_filter",
    "refusal",
    "pause",
    "context_length",
    "error",
    "other",
]

Part = int | str
"""Which part of the answer, in the protocol's own numbering; unique within one choice."""


@dataclass(slots=True, eq=False)
class ResponseStart:
    """Who answers. Empty fields mean: not said yet."""

    id: str | None = None
    model: str | None = None
    extras: dict[str, Any] | None = None


@dataclass(slots=True, eq=False)
class TextDelta:
    part: Part
    text: str
    choice: int = 0
    extras: dict[str, Any] | None = None


@dataclass(slots=True, eq=False)
class ReasoningDelta:
    """`text` is thinking or its summary; `raw_text` is the open thinking where a summary exists beside it."""

    part: Part
    text: str = ""
    raw_text: str = ""
    signature: str | None = None
    redacted: bool = False
    choice: int = 0
    extras: dict[str, Any] | None = None


@dataclass(slots=True, eq=False)
class RefusalDelta:
    part: Part
    text: str
    choice: int = 0
    extras: dict[str, Any] | None = None


@dataclass(slots=True, eq=False)
class ToolCallDelta:
    """`arguments` is the next piece of JSON text. `verbatim` is false where the wire carries an object instead."""

    part: Part
    id: str | None = None
    name: str | None = None
    arguments: str = ""
    verbatim: bool = True
    choice: int = 0
    extras: dict[str, Any] | None = None


@dataclass(slots=True, eq=False)
class ServerToolDelta:
    """A tool the provider runs. `data` is its whole block where it comes whole."""

    part: Part
    id: str | None = None
    name: str | None = None
    arguments: str = ""
    data: dict[str, Any] | None = None
    choice: int = 0
    extras: dict[str, Any] | None = None


@dataclass(slots=True, eq=False)
class MediaDelta:
    """A picture, sound or file: bytes as base64 text in pieces, or an address. `kind` is its content type."""

    part: Part
    kind: Literal["image", "audio", "video", "file"]
    base64: str = ""
    mime_type: str | None = None
    url: str | None = None
    file_id: str | None = None
    transcript: str = ""
    choice: int = 0
    extras: dict[str, Any] | None = None


@dataclass(slots=True, eq=False)
class ContentDelta:
    """A part that arrives whole: an unknown block, or one that is never cut into pieces."""

    part: Part
    content: Content
    choice: int = 0


@dataclass(slots=True, eq=False)
class CitationDelta:
    part: Part
    citation: Citation
    choice: int = 0


@dataclass(slots=True, eq=False)
class LogprobsDelta:
    """Log probabilities of the tokens just said, in OpenAI's shape: token, logprob, bytes, top_logprobs."""

    tokens: list[dict[str, Any]]
    choice: int = 0


@dataclass(slots=True, eq=False)
class UsageDelta:
    """The tokens so far, as far as they are known; each report replaces the one before."""

    usage: Usage


@dataclass(slots=True, eq=False)
class ResultDelta:
    """What an operation beside chat came to; usage and warnings are told by deltas of their own."""

    result: Result


@dataclass(slots=True, eq=False)
class FinishDelta:
    """One choice is complete. `raw` is the provider's own word for why."""

    reason: FinishReason
    raw: str | None = None
    stop_sequence: str | None = None
    message: str | None = None
    choice: int = 0


@dataclass(slots=True, eq=False)
class StreamEnd:
    """The protocol's own end of the stream. Without it an answer is interrupted, never complete."""


@dataclass(slots=True, eq=False)
class ErrorDelta:
    """The provider reports an error inside an answer that began well."""

    error: Exception


@dataclass(slots=True, eq=False)
class WarningDelta:
    warning: CallWarning


@dataclass(slots=True, eq=False)
class FileDelta:
    """Bytes of a file on its way. Nobody keeps them but who takes them from the stream."""

    data: bytes = field(repr=False)


PartDelta = (
    TextDelta
    | ReasoningDelta
    | RefusalDelta
    | ToolCallDelta
    | ServerToolDelta
    | MediaDelta
    | ContentDelta
    | CitationDelta
)
Delta = (
    PartDelta
    | LogprobsDelta
    | ResponseStart
    | UsageDelta
    | ResultDelta
    | FinishDelta
    | StreamEnd
    | ErrorDelta
    | WarningDelta
    | FileDelta
)

SILENT = (ResponseStart, UsageDelta, WarningDelta)
"""Facts about an answer that are no part of what it says."""
