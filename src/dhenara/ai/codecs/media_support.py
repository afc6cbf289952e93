"""What kinds of media a dialect has words for, and how large they may be: data, checked before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..dataclass import dataclass
from ..errors import UnsupportedError

if TYPE_CHECKING:
    from ..types.media import Media

PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp")
UNKNOWN = (None, "application/octet-stream")


@dataclass(frozen=True, slots=True)
class MediaSupport:
    """`types` are all there are; none named means that any may do. `most_bytes` holds before they are encoded.

    With `by_id`, a file that was uploaded may be named instead; then `most_uploaded` is how large it may be. No
    number means that none is known, and nothing is checked.
    """

    types: tuple[str, ...] = ()
    most_bytes: int | None = None
    by_id: bool = False
    most_uploaded: int | None = None


def check_kind(part: Media, rule: MediaSupport, provider: str) -> None:
    """Raises for bytes of a kind that would be refused; what nothing is known of passes."""
    if not is_supported(part, rule):
        what = f"{describe_media(part)} is {part.mime_type}, and {provider}"
        raise UnsupportedError(f"{what} takes only {supported_types(rule)}; convert it first.")


def is_supported(part: Media, rule: MediaSupport) -> bool:
    """Whether bytes of this kind are taken."""
    from ..wire.mime_sniffing import is_text

    return not rule.types or part.mime_type in (*rule.types, *UNKNOWN) or is_text(part.mime_type)


def supported_types(rule: MediaSupport) -> str:
    return ", ".join(kind.split("/")[-1] for kind in rule.types)


def unsupported_reason(part: Media, rule: MediaSupport | None) -> str | None:
    """Why a guest's picture or sound cannot go; None where it can, or where nothing is known."""
    if part.data is None or rule is None:
        return None
    if not is_supported(part, rule):
        return f"it is {part.mime_type}, and only {supported_types(rule)} are taken there"
    most = rule.most_uploaded if rule.by_id else rule.most_bytes
    return f"at most {most} bytes are taken there" if most is not None and len(part.data) > most else None


def too_large_error(part: Media, most: int, provider: str, *, by_id: bool) -> UnsupportedError:
    """The error for bytes that cannot go, and what may be done about it."""
    way = "make it smaller, or upload it and pass its file id." if by_id else "make it smaller."
    size = len(part.data or b"")
    return UnsupportedError(
        f"{describe_media(part)} has {size} bytes, and {provider} takes at most {most} that way; {way}"
    )


def describe_media(part: Media) -> str:
    return part.name or f"a part of kind {kind_of(part)!r}"


def kind_of(part: Media) -> str:
    return str(getattr(part, "type", "media"))
