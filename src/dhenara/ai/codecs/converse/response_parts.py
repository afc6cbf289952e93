"""Token counts, citations and media in Converse responses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

from ...types.chat.delta import Delta, MediaDelta
from ...types.content.parts import Citation
from ..common.fields import (
    Wire,
    address_of,
    build_citation,
    read_object,
    read_objects,
    read_text,
)

Kind = Literal["image", "audio", "video"]
MEDIA: tuple[Kind, ...] = get_args(Kind)
# Formats whose media type has another name.
NAMES = {"mp3": "mpeg", "three_gp": "3gpp", "mpg": "mpeg", "mov": "quicktime", "mkv": "x-matroska"}


def read_media(index: int, kind: Kind, block: Wire) -> Iterator[Delta]:
    """Read media as base64 pieces or an S3 location; an image that was not generated has an error instead."""
    source, form = read_object(block, "source"), read_text(block, "format")
    extras = {"error": block["error"]} if block.get("error") else None
    yield MediaDelta(
        index,
        kind,
        read_text(source, "bytes"),
        f"{kind}/{NAMES.get(form, form)}" if form else None,
        url=read_text(read_object(source, "s3Location"), "uri") or None,
        extras=extras,
    )


def read_citation(data: Wire) -> Citation:
    location = read_object(data, "location")
    where = next((value for value in location.values() if isinstance(value, dict)), {})
    return build_citation(
        data,
        url=where.get("url") or read_object(location, "web").get("url") or address_of(data.get("source")),
        title=data.get("title"),
        cited_text="".join(read_text(part, "text") for part in read_objects(data, "sourceContent")) or None,
        start=where.get("start"),
        end=where.get("end"),
    )
