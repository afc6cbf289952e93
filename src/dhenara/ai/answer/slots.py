"""Slots: one part of an answer while it is being written, of the kind that its first delta tells."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any, ClassVar, Protocol

from ..types.content import (
    AudioContent,
    Citation,
    Content,
    ContentItem,
    FileContent,
    ImageContent,
    Media,
    Origin,
    ReasoningContent,
    RefusalContent,
    ServerToolContent,
    TextContent,
    ToolCallContent,
    VideoContent,
)
from ..types.delta import (
    CitationDelta,
    ContentDelta,
    MediaDelta,
    PartDelta,
    ReasoningDelta,
    RefusalDelta,
    ServerToolDelta,
    TextDelta,
    ToolCallDelta,
)
from ..wire import json

MEDIA: dict[str, type[Media]] = {
    "image": ImageContent,
    "audio": AudioContent,
    "video": VideoContent,
    "file": FileContent,
}


class Slot(Protocol):
    """Collects pieces in lists and joins them once, so a long answer costs no more per piece than a short one."""

    takes: ClassVar[tuple[type, ...]]
    """The kinds of deltas that this part can be told in."""

    def add(self, delta: Any) -> None: ...

    def close(self, origin: Origin | None) -> ContentItem | None:
        """The part as it stands; None when nothing of it has been said."""


class TextSlot:
    __slots__ = ("_citations", "_extras", "_pieces")
    takes: ClassVar[tuple[type, ...]] = (TextDelta, CitationDelta)

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._citations: list[Citation] = []
        self._extras: dict[str, Any] = {}

    def add(self, delta: TextDelta | CitationDelta) -> None:
        if isinstance(delta, CitationDelta):
            self._citations.append(delta.citation)
            return
        self._pieces.append(delta.text)
        if delta.extras:
            self._extras.update(delta.extras)

    def close(self, origin: Origin | None) -> ContentItem | None:
        text = "".join(self._pieces)
        if not (text or self._citations or self._extras):
            return None
        return TextContent(text=text, citations=self._citations, origin=origin, extras=self._extras)


class ReasoningSlot:
    __slots__ = ("_extras", "_pieces", "_raw", "_redacted", "_signature")
    takes: ClassVar[tuple[type, ...]] = (ReasoningDelta,)

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._raw: list[str] = []
        self._signature: str | None = None
        self._redacted = False
        self._extras: dict[str, Any] = {}

    def add(self, delta: ReasoningDelta) -> None:
        self._pieces.append(delta.text)
        self._raw.append(delta.raw_text)
        self._signature = delta.signature or self._signature
        self._redacted = self._redacted or delta.redacted
        if delta.extras:
            self._extras.update(delta.extras)

    def close(self, origin: Origin | None) -> ContentItem | None:
        text, raw = "".join(self._pieces), "".join(self._raw)
        if not (text or raw or self._signature or self._redacted or self._extras):
            return None
        return ReasoningContent(
            text=text,
            raw_text=raw,
            signature=self._signature,
            redacted=self._redacted,
            origin=origin,
            extras=self._extras,
        )


class RefusalSlot:
    __slots__ = ("_extras", "_pieces")
    takes: ClassVar[tuple[type, ...]] = (RefusalDelta,)

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._extras: dict[str, Any] = {}

    def add(self, delta: RefusalDelta) -> None:
        self._pieces.append(delta.text)
        if delta.extras:
            self._extras.update(delta.extras)

    def close(self, origin: Origin | None) -> ContentItem | None:
        text = "".join(self._pieces)
        return RefusalContent(text=text, origin=origin, extras=self._extras) if text else None


class ToolCallSlot:
    __slots__ = ("_extras", "_id", "_name", "_pieces", "_verbatim")
    takes: ClassVar[tuple[type, ...]] = (ToolCallDelta,)

    def __init__(self) -> None:
        self._id, self._name = "", ""
        self._pieces: list[str] = []
        self._verbatim = True
        self._extras: dict[str, Any] = {}

    def add(self, delta: ToolCallDelta) -> None:
        self._id = self._id or delta.id or ""
        self._name = self._name or delta.name or ""
        self._pieces.append(delta.arguments)
        self._verbatim = self._verbatim and delta.verbatim
        if delta.extras:
            self._extras.update(delta.extras)

    def close(self, origin: Origin | None) -> ContentItem | None:
        text = "".join(self._pieces)
        arguments, error = read_arguments(text)
        return ToolCallContent(
            id=self._id,
            name=self._name,
            arguments=arguments,
            arguments_text=text if self._verbatim or error else None,
            error=error,
            origin=origin,
            extras=self._extras,
        )


class ServerToolSlot:
    __slots__ = ("_data", "_extras", "_id", "_name", "_pieces")
    takes: ClassVar[tuple[type, ...]] = (ServerToolDelta,)

    def __init__(self) -> None:
        self._id: str | None = None
        self._name = ""
        self._pieces: list[str] = []
        self._data: dict[str, Any] = {}
        self._extras: dict[str, Any] = {}

    def add(self, delta: ServerToolDelta) -> None:
        self._id = self._id or delta.id
        self._name = self._name or delta.name or ""
        self._pieces.append(delta.arguments)
        self._data.update(delta.data or {})
        if delta.extras:
            self._extras.update(delta.extras)

    def close(self, origin: Origin | None) -> ContentItem | None:
        arguments, error = read_arguments("".join(self._pieces))
        extras = {**self._extras, "arguments_error": error} if error else self._extras
        return ServerToolContent(
            id=self._id,
            name=self._name,
            arguments=arguments,
            data=self._data,
            origin=origin,
            extras=extras,
        )


class MediaSlot:
    __slots__ = ("_extras", "_facts", "_kind", "_pieces", "_transcript")
    takes: ClassVar[tuple[type, ...]] = (MediaDelta,)

    def __init__(self) -> None:
        self._kind: type[Media] = FileContent
        self._pieces: list[str] = []
        self._transcript: list[str] = []
        self._facts: dict[str, str] = {}
        self._extras: dict[str, Any] = {}

    def add(self, delta: MediaDelta) -> None:
        self._kind = MEDIA[delta.kind]
        self._pieces.append(delta.base64)
        self._transcript.append(delta.transcript)
        said = {"mime_type": delta.mime_type, "url": delta.url, "file_id": delta.file_id}
        self._facts.update({name: value for name, value in said.items() if value is not None})
        if delta.extras:
            self._extras.update(delta.extras)

    def close(self, origin: Origin | None) -> ContentItem | None:
        return self._kind.model_validate(  # type: ignore[return-value]  # the table holds concrete media types
            {
                "data": read_base64(self._pieces) if any(self._pieces) else None,
                "origin": origin,
                "extras": self._extras,
                **self._facts,
                **({"transcript": "".join(self._transcript)} if any(self._transcript) else {}),
            }
        )


class WholeSlot:
    """A part that came whole; another one in its place replaces it."""

    __slots__ = ("_content",)
    takes: ClassVar[tuple[type, ...]] = (ContentDelta,)

    def __init__(self) -> None:
        self._content: Content | None = None

    def add(self, delta: ContentDelta) -> None:
        self._content = delta.content

    def close(self, origin: Origin | None) -> ContentItem | None:
        if self._content is None:
            return None
        return self._content.model_copy(update={"origin": origin})  # type: ignore[return-value]  # a concrete part


SLOTS: dict[type, Callable[[], Slot]] = {
    TextDelta: TextSlot,
    CitationDelta: TextSlot,
    ReasoningDelta: ReasoningSlot,
    RefusalDelta: RefusalSlot,
    ToolCallDelta: ToolCallSlot,
    ServerToolDelta: ServerToolSlot,
    MediaDelta: MediaSlot,
    ContentDelta: WholeSlot,
}


def open_slot(first: PartDelta) -> Slot:
    """The slot for a part whose first delta this is."""
    return SLOTS[type(first)]()


def read_arguments(text: str) -> tuple[dict[str, Any], str | None]:
    """The arguments of a tool call, or why they cannot be read."""
    if not text.strip():
        return {}, None
    try:
        value = json.loads(text)
    except ValueError as error:
        return {}, f"the arguments are not JSON: {error}"
    if value is None:
        return {}, None
    if not isinstance(value, dict):
        return {}, "the arguments are JSON, but not an object"
    return value, None


PLAIN = str.maketrans("-_", "+/")


def read_base64(pieces: list[str]) -> bytes:
    """The bytes of base64 text that may have been cut anywhere; each piece may also be padded by itself."""
    joined = "".join(pieces)
    if "-" in joined or "_" in joined:
        # The alphabet for addresses.
        return read_base64([piece.translate(PLAIN) for piece in pieces])
    try:
        if "=" not in joined.rstrip("="):
            return base64.b64decode(joined[: len(joined) // 4 * 4])
        return b"".join(base64.b64decode(piece) for piece in pieces)
    except binascii.Error:
        return b""
