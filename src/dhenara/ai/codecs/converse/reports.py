"""Counts, sources and media as Converse reports them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

from ...types.content import Citation
from ...types.delta import Delta, MediaDelta
from ...types.usage import Usage
from ..counts import Report, count, counted, number, unreadable
from ..token_buckets import Report as Counted, split
from ..told import Wire, address_of, citation, entries, section, words

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
        url=where.get("url") or section(location, "web").get("url") or address_of(told.get("source")),
        title=told.get("title"),
        cited_text="".join(words(part, "text") for part in entries(told, "sourceContent")) or None,
        start=where.get("start"),
        end=where.get("end"),
    )


def read_usage(report: Report) -> Usage:
    """Fresh and cached input are counted apart, unless the total says otherwise; an hour in the cache costs more."""
    details = entries(report, "cacheDetails")
    cached, written = number(report, "cacheReadInputTokens"), number(report, "cacheWriteInputTokens")
    found = split(
        Counted(
            count(report, "inputTokens"),
            count(report, "outputTokens"),
            count(report, "totalTokens"),
            read={"cache_read_tokens": cached, "cache_write_tokens": written},
            beside=CACHED,
        )
    )
    written = found.counts.get("cache_write_tokens", 0)
    long = min(written, sum(number(one, "inputTokens") for one in details if one.get("ttl") == "1h"))
    return Usage.made(
        **{**found.counts, "cache_write_tokens": written - long, "cache_write_1h_tokens": long},
        server_tool_requests=counted(section(report, "serverToolUsage")),
        unclear=(*found.unclear, *unreadable(report)),
        raw=dict(report),
    )


CACHED = frozenset({"cache_read_tokens", "cache_write_tokens"})
