"""Remote media: parts that have only a URL."""

from __future__ import annotations

from ..types.media import Media


def is_remote(part: Media) -> bool:
    """Whether the part has to be downloaded over HTTP."""
    return part.data is None and part.file_id is None and (part.url or "").lower().startswith(("http://", "https://"))
