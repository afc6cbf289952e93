"""Remote content: parts that are only an address so far."""

from __future__ import annotations

from ..types.media import Media


def is_remote(part: Media) -> bool:
    """Whether somebody has to fetch this over HTTP."""
    return part.data is None and part.file_id is None and (part.url or "").lower().startswith(("http://", "https://"))
