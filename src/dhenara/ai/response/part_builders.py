"""Builders of the parts of a response, one for each kind of content, tool calls included."""

from __future__ import annotations

import base64
import binascii
from typing import Any, ClassVar, Protocol

from ..types.chat.delta import (
    CitationDelta,
    ContentDelta,
    MediaDelta,
    ReasoningDelta,
    RefusalDelta,
    ServerToolDelta,
    TextDelta,
    ToolCallDelta,
)
from ..types.content.media import PLAIN_TEXT, Citation, Origin
from ..types.content.parts import (
    AudioContent,
    Content,
    ContentItem,
    FileContent,
    ImageContent,
    Media,
    ReasoningContent,
    RefusalContent,
    ServerToolContent,
    ToolCallContent,
    VideoContent,
    is_custom_call,
)
from ..wire import json
from ..wire.partial_json import PartialJson


class PartBuilder(Protocol):
    """Collects pieces in lists and joins them once, so that the cost per piece does not grow with the length."""

    accepts: ClassVar[tuple[type, ...]]
    """Delta types that this builder accepts."""

    def add(self, delta: Any) -> None: ...

    def close(self, origin: Origin | None) -> ContentItem | None:
        """Return the part so far; None if it is empty."""


class Pieces(list[str]):
    """The pieces of a text that can be read while it arrives; joined pieces are not joined again."""

    __slots__ = ("_joined",)

    def __init__(self) -> None:
        super().__init__()
        self._joined = ""

    def text(self) -> str:
        """Return all text received so far."""
        if self:
            self._joined = "".join((self._joined, *self))
            self.clear()
        return self._joined


class TextPartBuilder:
    __slots__ = ("_citations", "_extras", "_pieces")
    accepts: ClassVar[tuple[type, ...]] = (TextDelta, CitationDelta)

    def __init__(self) -> None:
        self._pieces = Pieces()
        self._citations: list[Citation] = []
        self._extras: dict[str, Any] = {}

    def add(self, delta: Any) -> None:
        if delta.__class__ is CitationDelta:
            self._citations.append(delta.citation)
            return
        self._pieces.append(delta.text)
        if delta.extras:
            self._extras.update(delta.extras)

    def close(self, origin: Origin | None) -> ContentItem | None:
        text = self._pieces.text()
        if not (text or self._citations or self._extras):
            return None
        citations, extras = list(self._citations), dict(self._extras)
        return PLAIN_TEXT.make({"text": text, "citations": citations, "origin": origin, "extras": extras})


class ReasoningPartBuilder:
    __slots__ = ("_extras", "_pieces", "_raw", "_redacted", "_signature")
    accepts: ClassVar[tuple[type, ...]] = (ReasoningDelta,)

    def __init__(self) -> None:
        self._pieces = Pieces()
        self._raw = Pieces()
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
        text, raw = self._pieces.text(), self._raw.text()
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


class RefusalPartBuilder:
    __slots__ = ("_extras", "_pieces")
    accepts: ClassVar[tuple[type, ...]] = (RefusalDelta,)

    def __init__(self) -> None:
        self._pieces = Pieces()
        self._extras: dict[str, Any] = {}

    def add(self, delta: RefusalDelta) -> None:
        self._pieces.append(delta.text)
        if delta.extras:
            self._extras.update(delta.extras)

    def close(self, origin: Origin | None) -> ContentItem | None:
        text = self._pieces.text()
        return RefusalContent(text=text, origin=origin, extras=self._extras) if text else None


class ReplacingPartBuilder:
    """A part that arrives whole; a later one replaces it."""

    __slots__ = ("_content",)
    accepts: ClassVar[tuple[type, ...]] = (ContentDelta,)

    def __init__(self) -> None:
        self._content: Content | None = None

    def add(self, delta: ContentDelta) -> None:
        self._content = delta.content

    def close(self, origin: Origin | None) -> ContentItem | None:
        if self._content is None:
            return None
        return self._content.model_copy(update={"origin": origin})  # type: ignore[return-value]  # a concrete part


MEDIA: dict[str, type[Media]] = {
    "image": ImageContent,
    "audio": AudioContent,
    "video": VideoContent,
    "file": FileContent,
}


class MediaPartBuilder:
    __slots__ = ("_extras", "_facts", "_kind", "_pieces", "_transcript")
    accepts: ClassVar[tuple[type, ...]] = (MediaDelta,)

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
        text = {"mime_type": delta.mime_type, "url": delta.url, "file_id": delta.file_id}
        self._facts.update({name: value for name, value in text.items() if value is not None})
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


PLAIN = str.maketrans("-_", "+/")


def read_base64(pieces: list[str]) -> bytes:
    """Decode base64 text that was split anywhere; each piece may have its own padding."""
    joined = "".join(pieces)
    if "-" in joined or "_" in joined:
        # The URL-safe alphabet.
        return read_base64([piece.translate(PLAIN) for piece in pieces])
    try:
        if "=" not in joined.rstrip("="):
            return base64.b64decode(joined[: len(joined) // 4 * 4])
        return b"".join(base64.b64decode(piece) for piece in pieces)
    except binascii.Error:
        return b""


UNFINISHED = "the arguments are not JSON: they end before they are complete"


class Arguments:
    """The arguments of a call, readable while they arrive; each piece is parsed once."""

    __slots__ = ("_known", "_length", "_parser", "_pieces")

    def __init__(self) -> None:
        self._pieces = Pieces()
        self._parser: PartialJson | None = None
        """Created when incomplete arguments are first read."""

        self._length = -1
        self._known: tuple[dict[str, Any], str | None] = {}, None

    def append(self, piece: str) -> None:
        self._pieces.append(piece)

    def read_text(self) -> tuple[str, dict[str, Any], str | None]:
        """Return the input of a custom tool, which is text."""
        text = self._pieces.text()
        return text, {"input": text}, None

    def read(self) -> tuple[str, dict[str, Any], str | None]:
        """Return the text, the object, and the problem."""
        new = self._pieces.copy()
        text = self._pieces.text()
        if len(text) != self._length:
            self._length = len(text)
            self._known = self._read(text, new)
        return text, *self._known

    def _read(self, text: str, new: list[str]) -> tuple[dict[str, Any], str | None]:
        if self._parser is None:
            arguments, error = read_arguments(text)
            if error is None:
                return arguments, None
            self._parser, new = PartialJson(), [text]
        for piece in new:
            self._parser.feed(piece)
        return ({}, UNFINISHED) if self._parser.unfinished else read_arguments(text)


def tool_name(name: str) -> str:
    """Return the name of a called tool without what models leave at its ends of the formats in which they see tools.

    Of gpt-oss this is a marker (`look_up<|channel|>json`), of Gemini the name of a namespace (`default_api:look_up`).
    """
    return name.partition("<|")[0].removeprefix("default_api:")


class ToolCallPartBuilder:
    __slots__ = ("_arguments", "_extras", "_id", "_name", "_verbatim")
    accepts: ClassVar[tuple[type, ...]] = (ToolCallDelta,)

    def __init__(self) -> None:
        self._id, self._name = "", ""
        self._arguments = Arguments()
        self._verbatim = True
        self._extras: dict[str, Any] = {}

    def add(self, delta: ToolCallDelta) -> None:
        self._id = self._id or delta.id or ""
        self._name = self._name or tool_name(delta.name or "")
        self._arguments.append(delta.arguments)
        self._verbatim = self._verbatim and delta.verbatim
        if delta.extras:
            self._extras.update(delta.extras)

    def close(self, origin: Origin | None) -> ContentItem | None:
        text, arguments, error = self._arguments.read_text() if is_custom_call(self._extras) else self._arguments.read()
        return ToolCallContent(
            id=self._id,
            name=self._name,
            arguments=arguments,
            arguments_text=text if self._verbatim or error else None,
            error=error,
            origin=origin,
            extras=self._extras,
        )


class ServerToolPartBuilder:
    __slots__ = ("_arguments", "_data", "_extras", "_id", "_name")
    accepts: ClassVar[tuple[type, ...]] = (ServerToolDelta,)

    def __init__(self) -> None:
        self._id: str | None = None
        self._name = ""
        self._arguments = Arguments()
        self._data: dict[str, Any] = {}
        self._extras: dict[str, Any] = {}

    def add(self, delta: ServerToolDelta) -> None:
        self._id = self._id or delta.id
        self._name = self._name or delta.name or ""
        self._arguments.append(delta.arguments)
        self._data.update(delta.data or {})
        if delta.extras:
            self._extras.update(delta.extras)

    def close(self, origin: Origin | None) -> ContentItem | None:
        _, arguments, error = self._arguments.read()
        extras = {**self._extras, "arguments_error": error} if error else self._extras
        return ServerToolContent(
            id=self._id,
            name=self._name,
            arguments=arguments,
            data=self._data,
            origin=origin,
            extras=extras,
        )


def read_arguments(text: str) -> tuple[dict[str, Any], str | None]:
    """Parse the arguments of a tool call; returns the problem if they are invalid."""
    if not text.strip():
        return {}, None
    try:
        value = json.loads(text, json.DEEPEST_INSIDE)
    except ValueError as error:
        return {}, f"the arguments are not JSON: {error}"
    if value is None:
        return {}, None
    if not isinstance(value, dict):
        return {}, "the arguments are JSON, but not an object"
    return value, None
