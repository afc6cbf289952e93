"""Usage as tables and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ..usage.report import Sums, UsageReport, format_cost
from ..usage.totals import Totals
from .tables import table

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
