"""A picture in an answer: an address, or bytes, wherever the host puts them."""

from __future__ import annotations

from typing import Any

from ...types.delta import Delta, MediaDelta
from ..told import Wire, section, words


def read_picture(image: Any, part: str, choice: int) -> Delta | None:
    """None where there is neither an address nor a byte."""
    told: Wire = image if isinstance(image, dict) else {"url": image}
    if data := words(told, "b64_json"):
        return MediaDelta(part, "image", data, words(told, "mime_type") or "image/png", choice=choice)
    address = words(told, "image_url") or words(section(told, "image_url"), "url") or words(told, "url")
    if address.startswith("data:"):
        head, _, data = address[5:].partition(",")
        return MediaDelta(part, "image", data, head.split(";")[0], choice=choice)
    return MediaDelta(part, "image", url=address, choice=choice) if address else None
