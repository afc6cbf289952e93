"""Tables and plots of the usage report."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ...usage.data import Totals
from ...usage.report import Sums, UsageReport, format_cost
from ..output import table

HEAD = ("requests", "failed", "interrupted", "cached", "tokens in", "tokens out", "cost")
NOTE = "+ means that the cost of some requests is unknown."
NAMELESS = {"day": "(no date)", "model": "(no model)", "provider": "(no provider)"}


def render_tables(report: UsageReport) -> str:
    """Tables by day, by model and by each tag, and the total."""
    parts = [render_table("day", report.days), render_table("model", report.models)]
    parts += [render_table(f"tag:{name}", sums) for name, sums in report.tags.items()]
    parts.append(render_summary(report.total))
    return "\n\n".join(parts)


def render_table(by: str, sums: Sums) -> str:
    """One table; rows without a value for the group have a placeholder name."""
    nameless = NAMELESS.get(by, "(no such tag)")
    rows = [(group or nameless, *row(total)) for group, total in sums.items()]
    return table((by.removeprefix("tag:"), *HEAD), rows)


def row(total: Totals) -> tuple[str, ...]:
    counts = (
        total.requests,
        total.failed,
        total.interrupted,
        total.cached,
        total.prompt_tokens,
        total.completion_tokens,
    )
    return (*(f"{count:,}" for count in counts), format_cost(total))


def render_summary(total: Totals) -> str:
    """The total in one line, and a legend if needed."""
    cached = f", {total.cached:,} from the cache" if total.cached else ""
    failed = f", {total.failed:,} failed" if total.failed else ""
    cut = f", {total.interrupted:,} interrupted" if total.interrupted else ""
    counts = f"{total.requests:,} requests{cached}{failed}{cut}{open_requests(total)}"
    text = f"{counts}, {total.total_tokens:,} tokens, {format_cost(total)}"
    return text if total.is_exact else f"{text}\n{NOTE}"


def open_requests(total: Totals) -> str:
    """The number of requests that have not ended."""
    if not total.open:
        return ""
    running = total.open - total.abandoned
    parts = [f"{running:,} still running"] if running else []
    parts += [f"{total.abandoned:,} abandoned by ended processes"] if total.abandoned else []
    return f", {' and '.join(parts)}"


def to_json(report: UsageReport, grouped: Mapping[str, Sums] | None) -> str:
    options: dict[str, Any] = {"total": asdict(report.total)}
    sums = grouped or {"day": report.days, "model": report.models, **{f"tag:{n}": s for n, s in report.tags.items()}}
    for by, groups in sums.items():
        options[by] = {group: asdict(total) for group, total in groups.items()}
    return json.dumps(options, indent=2, default=str, ensure_ascii=False)


NARROWEST = 8
BLOCKS = " ▏▎▍▌▋▊▉█"
"""Eighths of a character, so that small differences are visible."""


def render_plot(report: UsageReport) -> str:
    """One line per day, or per month for long times: a bar for cost and one for tokens."""
    periods = report.periods
    label = max(len(period) for period in periods)
    spent = [float(total.cost) for total in periods.values()]
    used = [float(total.total_tokens) for total in periods.values()]
    text = [
        (format_total_cost(total), f"{total.total_tokens:,}" if total.requests else "") for total in periods.values()
    ]
    extra = label + sum(max(len(words[column]) for words in text) for column in (0, 1)) + 8
    width = max(NARROWEST, (shutil.get_terminal_size().columns - extra) // 2)
    data = max(len(cost) for cost, _ in text) + 1
    head = f"{'':<{label}}  {'spend':<{width + data}}  tokens"
    lines = [
        f"{period:<{label}}  {f'{render_bar(money, max(spent), width)} {cost}'.strip():<{width + data}}  "
        f"{f'{render_bar(tokens, max(used), width)} {count}'.strip()}"
        for period, money, tokens, (cost, count) in zip(periods, spent, used, text, strict=True)
    ]
    return "\n".join([head, *(line.rstrip() for line in lines), "", render_summary(report.total)])


def format_total_cost(total: Totals) -> str:
    return format_cost(total) if total.requests else ""


def render_bar(amount: float, most: float, width: int) -> str:
    """A bar proportional to the largest amount; any amount above 0 is visible."""
    if not amount or not most:
        return ""
    if not supports_block_characters():
        return "#" * max(1, round(amount / most * width))
    eighths = max(1, round(amount / most * width * 8))
    return "█" * (eighths // 8) + BLOCKS[eighths % 8].strip()


def supports_block_characters() -> bool:
    """Whether the output encoding has block characters."""
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
