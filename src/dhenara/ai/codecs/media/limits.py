"""Size and type checks of media, and the choice of what is uploaded instead of sent in the request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...errors import UnsupportedError
from ...types.config.call import Call
from ...types.content.parts import Content, Media, ToolResultContent
from ...wire.mime_sniffing import is_text
from ..base import Quirks
from ..common.warnings import WarningCollector
from .support import check_kind, kind_of, too_large_error


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
