"""What kinds of media a protocol has words for, and how large they may be: checked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import UnsupportedError
from ..types.media import Media
from ..wire.sniff import is_text

PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp")
UNKNOWN = (None, "application/octet-stream")


@dataclass(frozen=True, slots=True)
class Accepted:
    """`types` are all there are; none named means that any may do. `most_bytes` holds before they are encoded."""

    types: tuple[str, ...] = ()
    most_bytes: int | None = None


def check(part: Media, table: Mapping[str, Accepted], provider: str) -> None:
    """Raises for bytes that would be refused; what nothing is known of passes."""
    rule = table.get(str(getattr(part, "type", "")))
    if rule is None or part.data is None:
        return
    what = part.name or f"a part of kind {getattr(part, 'type', 'media')!r}"
    if rule.types and part.mime_type not in (*rule.types, *UNKNOWN) and not is_text(part.mime_type):
        kinds = ", ".join(kind.split("/")[-1] for kind in rule.types)
        raise UnsupportedError(f"{what} is {part.mime_type}, and {provider} takes only {kinds}; convert it first.")
    if rule.most_bytes is not None and len(part.data) > rule.most_bytes:
        raise UnsupportedError(
            f"{what} has {len(part.data)} bytes, and {provider} takes at most {rule.most_bytes} that way; make it "
            "smaller, or upload it and pass its file id."
        )
