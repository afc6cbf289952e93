"""Token counts of chat responses."""

from __future__ import annotations

from ...types.chat.usage import Usage
from ..common.fields import Report, count, invalid_counts, read_int, read_object
from ..common.usage import TokenReport, split


def read_usage(report: Report) -> Usage:
    """`tokens` is what was read and written; `billed_units`, which is less, counts where there is nothing else."""
    tokens = read_object(report, "tokens") or read_object(report, "billed_units")
    buckets = split(
        TokenReport(
            count(tokens, "input_tokens"),
            count(tokens, "output_tokens"),
            None,
            read={"cache_read_tokens": read_int(report, "cached_tokens")},
            made={"reasoning_tokens": read_int(tokens, "reasoning_tokens")},
        )
    )
    return Usage.model_validate(
        {**buckets.counts, "unclear": (*buckets.unclear, *invalid_counts(report)), "raw": dict(report)}
    )
