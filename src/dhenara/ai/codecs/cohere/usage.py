"""Billed units of Cohere's operations other than chat: tokens or searches."""

from __future__ import annotations

from ...types.chat.usage import Usage
from ..common.fields import Report, read_int, read_object


def read_billed_units(meta: Report) -> Usage:
    billed = read_object(meta, "billed_units")
    searches = read_int(billed, "search_units")
    return Usage(
        input_tokens=read_int(billed, "input_tokens"),
        input_image_tokens=read_int(billed, "image_tokens"),
        units={"searches": float(searches)} if searches else {},
        raw=dict(billed),
    )
