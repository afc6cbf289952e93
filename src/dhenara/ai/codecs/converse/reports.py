"""Counts, sources and media as Converse reports them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

from ...types.content import Citation
from ...types.delta import Delta, MediaDelta
from ...types.usage import Usage
from ..counts import Report, counted, number
from ..told import Wire, citation, entries, section, words

Kind = Literal["image", "audio", "video"]
MEDIA: tuple[Kind, ...] = get_args(Kind)
# Formats whose content type has another name.
NAMES = {"mp3": "mpeg", "three_gp": "3gpp", "mpg": "mpeg", "mov": "quicktime", "mkv": "x-matroska"}


def read_media(index: int, kind: Kind, block: Wire) -> Iterator[Delta]:
    """Bytes as base64 text in pieces, or a place in S3; a picture that could not be made says why."""
    source, form = section(block, "source"), words(block, "format")
    extras = {"error": block["error"]} if block.get("error") else None
    yield MediaDelta(
        index,
        kind,
        words(source, "bytes"),
        f"{kind}/{NAMES.get(form, form)}" if form else None,
        url=words(section(source, "s3Location"), "uri") or None,
        extras=extras,
    )


def read_citation(told: Wire) -> Citation:
    location = section(told, "location")
    where = next((value for value in location.values() if isinstance(value, dict)), {})
    return citation(
        told,
        url=where.get("url") or section(location, "web").get("url"),
        title=told.get("title"),
        cited_text="".join(words(part, "text") for part in entries(told, "sourceContent")) or None,
        start=where.get("start"),
        end=where.get("end"),
    )


def read_usage(report: Report) -> Usage:
    """Fresh and cached input are counted apart; what is kept for an hour costs more."""
    written = number(report, "cacheWriteInputTokens")
    details = entries(report, "cacheDetails")
    long = min(written, sum(number(one, "inputTokens") for one in details if one.get("ttl") == "1h"))
    return Usage.made(
        input_tokens=number(report, "inputTokens"),
        cache_read_tokens=number(report, "cacheReadInputTokens"),
        cache_write_tokens=written - long,
        cache_write_1h_tokens=long,
        output_tokens=number(report, "outputTokens"),
        server_tool_requests=counted(section(report, "serverToolUsage")),
        raw=dict(report),
    )
