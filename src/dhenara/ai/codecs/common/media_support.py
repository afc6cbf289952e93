"""Media types and sizes that a provider accepts, and checks of a call against them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from ...errors import UnsupportedError
from ...types.chat.message import Message
from ...types.config.call import Call
from ...types.content.media import Media
from ...types.content.parts import Content, FileContent, ToolResultContent
from ...wire.media_types import from_name, is_text, sniff
from ..base import MediaSupport, Quirks
from .plan import WarningCollector

PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp")
UNKNOWN = (None, "application/octet-stream")


def check_kind(part: Media, rule: MediaSupport, provider: str) -> None:
    """Raise if the media type is unsupported; unknown types pass."""
    if not is_supported(part, rule):
        what = f"{describe_media(part)} is {part.mime_type}, and {provider}"
        raise UnsupportedError(f"{what} accepts only {supported_types(rule)}. Convert it first")


def is_supported(part: Media, rule: MediaSupport) -> bool:
    """Whether this media type is supported."""
    return not rule.types or part.mime_type in (*rule.types, *UNKNOWN) or is_text(part.mime_type)


def supported_types(rule: MediaSupport) -> str:
    return ", ".join(kind.split("/")[-1] for kind in rule.types)


def unsupported_reason(part: Media, rule: MediaSupport | None) -> str | None:
    """Return why a part cannot be sent; None if it can, or if nothing is known."""
    if part.data is None or rule is None:
        return None
    if not is_supported(part, rule):
        return f"it is {part.mime_type}, and only {supported_types(rule)} are supported"
    most = rule.most_uploaded if rule.by_id else rule.most_bytes
    return f"at most {most} bytes are supported" if most is not None and len(part.data) > most else None


def too_large_error(part: Media, most: int, provider: str, *, by_id: bool) -> UnsupportedError:
    """Return the error for media that are too large, with the way to fix it."""
    way = "Make it smaller, or upload it and pass its file id" if by_id else "make it smaller."
    size = len(part.data or b"")
    return UnsupportedError(f"{describe_media(part)} has {size} bytes, and {provider} accepts at most {most}. {way}")


def describe_media(part: Media) -> str:
    return part.name or f"a part of kind {kind_of(part)!r}"


def kind_of(part: Media) -> str:
    return str(getattr(part, "type", "media"))


M = TypeVar("M", bound=Media)


def with_media_types(messages: Sequence[Message], warnings: WarningCollector) -> tuple[Message, ...]:
    """The messages with a media type on everything for which it can be guessed.

    Args:
        messages: The turns in order.
        warnings: Records which part replaces which.

    Returns:
        The same messages where nothing is missing.
    """
    return tuple(typed_message(message, warnings) for message in messages)


def typed_message(message: Message, warnings: WarningCollector) -> Message:
    contents = typed_parts(message.contents, warnings)
    return message if contents is message.contents else message.model_copy(update={"contents": contents})


def typed_parts(parts: Sequence[Any], warnings: WarningCollector) -> Sequence[Any]:
    made = [typed_part(part, warnings) for part in parts]
    return parts if all(new is old for new, old in zip(made, parts, strict=True)) else made


def typed_part(part: Any, warnings: WarningCollector) -> Any:
    if isinstance(part, ToolResultContent) and part.contents:
        inner = typed_parts(part.contents, warnings)
        return part if inner is part.contents else part.model_copy(update={"contents": inner})
    return warnings.replace_part(with_media_type(part), part) if isinstance(part, Media) else part


def with_media_type(part: M) -> M:
    """Return the part with its media type, if it has none and one of its kind can be guessed.

    Args:
        part: Media of any kind.

    Returns:
        The same part if it has a media type, or none can be guessed.

    Raises:
        UnsupportedError: If the bytes of a file are of no known kind.
    """
    if part.mime_type is not None:
        return part
    guessed = from_name(address_name(part.url)) if part.data is None and part.url else None
    if part.data is not None:
        guessed = sniff(part.data, part.name)
        if guessed in UNKNOWN and isinstance(part, FileContent):
            what = f"the bytes of {describe_media(part)} are of no known kind"
            raise UnsupportedError(f"{what}. Pass mime_type=..., such as mime_type='application/pdf'")
    if guessed in UNKNOWN or not str(guessed).startswith(part.KIND):
        return part
    return part.model_copy(update={"mime_type": guessed})


def address_name(url: str) -> str:
    return url.split("?", 1)[0].split("#", 1)[0]


def media_of(call: Call, *, exclude_generated: bool = False) -> Iterator[Media]:
    """Return all media, including those in tool results; optionally without media that the model generated."""
    for message in call.messages:
        if not (exclude_generated and message.role == "assistant"):
            yield from media_in(message.contents)


def media_in(contents: Sequence[Content]) -> Iterator[Media]:
    for part in contents:
        if isinstance(part, Media):
            yield part
        elif isinstance(part, ToolResultContent) and part.contents:
            yield from media_in(part.contents)


class MediaLimitCheck:
    """Checks media that are sent as bytes, each alone and all together."""

    def __init__(self, quirks: Quirks, provider: str, warnings: WarningCollector) -> None:
        self._quirks, self._provider, self._warnings = quirks, provider, warnings

    def check(self, call: Call) -> None:
        inline = [part for part in media_of(call, exclude_generated=True) if self._is_inline(part)]
        self._check_total(inline)

    def _is_inline(self, part: Media) -> bool:
        """Whether the part is sent in the request; a part that is too large is uploaded if the provider supports
        it.
        """
        rule = self._quirks.media_support.get(kind_of(part))
        if part.data is None or rule is None:
            return False
        check_kind(part, rule, self._provider)
        if is_text(part.mime_type) and part.mime_type not in rule.types:
            return False
        if rule.most_bytes is None or len(part.data) <= rule.most_bytes:
            return True
        self._upload(part, rule.most_bytes)
        return False

    def _check_total(self, inline: list[Media]) -> None:
        """Upload the largest parts until the others fit into one request."""
        most = self._quirks.most_request_bytes
        total = sum(map(encoded_size, inline))
        if most is None or total <= most:
            return
        for part in sorted((part for part in inline if self._can_upload(part)), key=encoded_size, reverse=True):
            self._upload(part, most)
            total -= encoded_size(part)
            if total <= most:
                return
        raise UnsupportedError(
            f"the media of this conversation have {total} bytes after encoding, and {self._provider} "
            f"accepts at most {most} in one request. Make them smaller, or remove some"
        )

    def _can_upload(self, part: Media) -> bool:
        rule = self._quirks.media_support.get(kind_of(part))
        return rule is not None and rule.by_id

    def _upload(self, part: Media, most: int) -> None:
        rule = self._quirks.media_support[kind_of(part)]
        if not rule.by_id:
            raise too_large_error(part, most, self._provider, by_id=False)
        if rule.most_uploaded is not None and len(part.data or b"") > rule.most_uploaded:
            raise too_large_error(part, rule.most_uploaded, self._provider, by_id=False)
        self._warnings.upload(part, most)


def encoded_size(part: Media) -> int:
    """Return the length in base64."""
    return -(-len(part.data or b"") // 3) * 4
