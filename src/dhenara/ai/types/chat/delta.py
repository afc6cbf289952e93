"""Deltas: the pieces of a response that decoders create and the response builder joins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any, Literal, cast, final

from ..content.media import Citation, Content
from .report import CallWarning, Result
from .usage import Usage

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
"""Why generation ended: `stop` (complete), `length` (`max_output_tokens` reached), `tool_calls` (the model waits for
results), `content_filter` (blocked by a filter), `refusal` (declined by the model), `pause` (continue with another
call), `context_length` (context window full), `error` (failed on the way), or `other`."""

Part = int | str
"""Id of a part in the numbering of the protocol; unique within one choice."""


class DeltaBase:
    """Base class of deltas, with their repr."""

    __slots__ = ()

    def __repr__(self) -> str:
        shown = (f"{one.name}={getattr(self, one.name)!r}" for one in fields(cast("Any", self)) if one.repr)
        return f"{type(self).__name__}({', '.join(shown)})"


@dataclass(slots=True, eq=False, repr=False)
class ResponseStart(DeltaBase):
    """Start of a response. Empty fields are not known yet."""

    id: str | None = None
    model: str | None = None
    extras: dict[str, Any] | None = None


@final
@dataclass(slots=True, eq=False, repr=False)
class TextDelta(DeltaBase):
    part: Part
    text: str
    choice: int = 0
    extras: dict[str, Any] | None = None


@dataclass(slots=True, eq=False, repr=False)
class ReasoningDelta(DeltaBase):
    """Reasoning text. `text` is the reasoning or its summary; `raw_text` is the full reasoning if there is also a
    summary.
    """

    part: Part
    text: str = ""
    raw_text: str = ""
    signature: str | None = None
    redacted: bool = False
    choice: int = 0
    extras: dict[str, Any] | None = None


@dataclass(slots=True, eq=False, repr=False)
class RefusalDelta(DeltaBase):
    part: Part
    text: str
    choice: int = 0
    extras: dict[str, Any] | None = None


@dataclass(slots=True, eq=False, repr=False)
class ToolCallDelta(DeltaBase):
    """A piece of a tool call. `arguments` is JSON text; `verbatim` is False if the protocol sends an object
    instead.
    """

    part: Part
    id: str | None = None
    name: str | None = None
    arguments: str = ""
    verbatim: bool = True
    choice: int = 0
    extras: dict[str, Any] | None = None


@dataclass(slots=True, eq=False, repr=False)
class ServerToolDelta(DeltaBase):
    """A tool call that the provider runs. `data` is the whole block, if it is sent at once."""

    part: Part
    id: str | None = None
    name: str | None = None
    arguments: str = ""
    data: dict[str, Any] | None = None
    choice: int = 0
    extras: dict[str, Any] | None = None


@dataclass(slots=True, eq=False, repr=False)
class MediaDelta(DeltaBase):
    """A piece of an image, audio, video or file: base64 text, or a URL. `kind` is the content type."""

    part: Part
    kind: Literal["image", "audio", "video", "file"]
    base64: str = ""
    mime_type: str | None = None
    url: str | None = None
    file_id: str | None = None
    transcript: str = ""
    choice: int = 0
    extras: dict[str, Any] | None = None


@dataclass(slots=True, eq=False, repr=False)
class ContentDelta(DeltaBase):
    """A part that is sent whole: an unknown block, or one that the protocol never splits."""

    part: Part
    content: Content
    choice: int = 0


@dataclass(slots=True, eq=False, repr=False)
class CitationDelta(DeltaBase):
    part: Part
    citation: Citation
    choice: int = 0


@dataclass(slots=True, eq=False, repr=False)
class LogprobsDelta(DeltaBase):
    """Log probabilities of the latest tokens in OpenAI's format: token, logprob, bytes, top_logprobs."""

    tokens: list[dict[str, Any]]
    choice: int = 0


@dataclass(slots=True, eq=False, repr=False)
class UsageDelta(DeltaBase):
    """Token counts so far; each report replaces the one before."""

    usage: Usage


@dataclass(slots=True, eq=False, repr=False)
class ResultDelta(DeltaBase):
    """Result of an operation other than chat; usage and warnings have their own deltas."""

    result: Result


@dataclass(slots=True, eq=False, repr=False)
class FinishDelta(DeltaBase):
    """End of one choice. `raw` is the provider's own finish reason."""

    reason: FinishReason
    raw: str | None = None
    stop_sequence: str | None = None
    message: str | None = None
    choice: int = 0


@dataclass(slots=True, eq=False, repr=False)
class StreamEnd(DeltaBase):
    """The protocol's end marker of the stream. A response without it counts as interrupted."""


@dataclass(slots=True, eq=False, repr=False)
class ErrorDelta(DeltaBase):
    """An error that the provider reports after the response has started."""

    error: Exception


@dataclass(slots=True, eq=False, repr=False)
class WarningDelta(DeltaBase):
    warning: CallWarning


@dataclass(slots=True, eq=False, repr=False)
class FileDelta(DeltaBase):
    """Bytes of a file download. They are not stored, only passed to the consumer of the stream."""

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

SILENT = frozenset({ResponseStart, UsageDelta, WarningDelta})
"""Deltas that carry no content."""


def has_content(batches: Iterable[Iterable[Delta]]) -> bool:
    """Return whether events have content, such as a piece of text, a call or an error."""
    for batch in batches:
        for delta in batch:
            if delta.__class__ in SILENT:
                continue
            if type(delta) is TextDelta and delta.text:
                return True  # nearly always
            if not only_opens(delta):
                return True
    return False


def only_opens(delta: Delta) -> bool:
    """Return whether a delta only begins a part of text or reasoning, as some protocols do before its first piece."""
    if isinstance(delta, TextDelta):
        return not (delta.text or delta.extras)
    if isinstance(delta, ReasoningDelta):
        return not (delta.text or delta.raw_text or delta.signature or delta.redacted or delta.extras)
    return False
