"""Builder for images, audio and files, which arrive as pieces of base64."""

from __future__ import annotations

import base64
import binascii
from typing import Any, ClassVar

from ..types.chat.delta import MediaDelta
from ..types.content.parts import AudioContent, ContentItem, FileContent, ImageContent, Media, Origin, VideoContent

MEDIA: dict[str, type[Media]] = {
    "image": ImageContent,
    "audio": AudioContent,
    "video": VideoContent,
    "file": FileContent,
}


class MediaPartBuilder:
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
