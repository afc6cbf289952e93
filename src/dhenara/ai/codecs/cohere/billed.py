"""What Cohere bills for operations beside chat: tokens read, or searches."""

from __future__ import annotations

from ...types.usage import Usage
from ..counts import Report, number, section


def read_billed(meta: Report) -> Usage:
    billed = section(meta, "billed_units")
    searches = number(billed, "search_units")
    return Usage(
        input_tokens=number(billed, "input_tokens"),
        input_image_tokens=number(billed, "image_tokens"),
        units={"searches": float(searches)} if searches else {},
        raw=dict(billed),
    )
