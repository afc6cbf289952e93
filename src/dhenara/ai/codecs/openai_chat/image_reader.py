"""Images in answers: URLs or bytes, in any of the places that providers use."""

from __future__ import annotations

from typing import Any

from ...types.delta import Delta, MediaDelta
from ..json_fields import Wire, read_object, read_text


def read_picture(image: Any, part: str, choice: int) -> Delta | None:
    """Read an image; None if it has neither URL nor data."""
    payload: Wire = image if isinstance(image, dict) else {"url": image}
    if data := read_text(payload, "b64_json"):
        return MediaDelta(part, "image", data, read_text(payload, "mime_type") or "image/png", choice=choice)
    address = (
        read_text(payload, "image_url")
        or read_text(read_object(payload, "image_url"), "url")
        or read_text(payload, "url")
    )
    if address.startswith("data:"):
        head, _, data = address[5:].partition(",")
        return MediaDelta(part, "image", data, head.split(";")[0], choice=choice)
    return MediaDelta(part, "image", url=address, choice=choice) if address else None
