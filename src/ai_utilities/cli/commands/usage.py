"""`ai-utilities usage`: calls, tokens and costs in a time range, as text, table, plot or page."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...config_origins import state_path
from ...exceptions import ProviderConfigurationError
from ...middleware import make_ledger
from ...usage.report import Sums, UsageReport, days_before, format_cost, make_report, usage_page
from ...usage.sqlite import SQLiteLedger
from ...usage.totals import Totals
from ...value_types import JsonObject
from ..clients import ForceFlag, check_target, read_tags, settings_for, write_target
from ..inputs import EnvFileFlag
from ..output import print_note, table
from ..streams import show

if TYPE_CHECKING:
    from ...usage.ledger import Ledger


ByFlag = Annotated[
    str | None, typer.Option("--by", metavar="WHAT", help="Group by day, model, provider, outcome or tag:NAME.")
]
SinceFlag = Annotated[str, typer.Option(metavar="WHEN", help="Start: 7d, 24h, 2w, today, a date, or all.")]
UntilFlag = Annotated[str | None, typer.Option(metavar="WHEN", help="End, in the same formats.")]
TagFlag = Annotated[
    list[str] | None, typer.Option("--tag", metavar="NAME=VALUE", help="Only requests with this tag; may be repeated.")
]
PlotFlag = Annotated[bool, typer.Option("--plot", help="Draw a chart of cost and tokens.")]
HtmlFlag = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write an HTML page with charts.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register_usage(app: typer.Typer) -> None:
    app.command("usage")(usage)


def usage(
    by: ByFlag = None,
    since: SinceFlag = "30d",
    until: UntilFlag = None,
    tag: TagFlag = None,
    plot: PlotFlag = False,
    html: HtmlFlag = None,
    force: ForceFlag = False,
    as_json: JsonFlag = False,
    env_file: EnvFileFlag = None,
) -> None:
    """Show usage and cost by day, model and tag.

    Reads the ledger, which all commands write and your own programs can write. Days are in UTC.
    """
    if html is not None:
        check_target("--html", html, force)
    ledger, place = open_ledger(env_file)
    span = (read_time(since), read_time(until))
    tags = dict(read_tags(tag))
    try:
        grouped = {by: ledger.totals(by, *span, tags)} if by else None
        report = make_report(ledger, *span, tags)
        losses = ledger.recoveries() if isinstance(ledger, SQLiteLedger) else []
    finally:
        ledger.close()
    for loss in losses:
        print_note(f"this ledger was damaged and recovered on {loss.at[:10]}: {loss}")
    if report.total.abandoned:
        left = f"{report.total.abandoned:,} requests of ended processes are open"
        print_note(f"{left}; `ai-utilities ledger close` closes them")
    if html is not None:
        write_target(html, usage_page(report), force)
        print_note(f"written to {html}")
    if as_json:
        show(to_json(report, grouped))
    elif not report.total.requests:
        print_note(f"no usage (--since {since}); the ledger is {place}")
    elif plot:
        show(render_report(report))
    elif html is None or by:
        show(render_table(by, grouped[by]) if by and grouped else render_tables(report))


def render_report(report: UsageReport) -> str:
    return render_plot(report)


def open_ledger(env_file: Path | None) -> tuple[Ledger, str]:
    """The ledger of the settings, and where it is."""
    settings = settings_for(env_file=env_file)
    ledger = make_ledger(settings) if settings.usage_tracking and settings.usage_store in ("sqlite", "redis") else None
    if ledger is None:
        raise ProviderConfigurationError(
            "usage is not stored. Set AI_USAGE_STORE to sqlite or redis, and leave AI_USAGE_TRACKING on"
        )
    place = "on the Redis server" if settings.usage_store == "redis" else settings.usage_path
    return ledger, str(place or state_path("usage.sqlite"))


AGO = re.compile(r"(?P<count>\d{1,6})(?P<unit>[hdw])")
UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def read_time(text: str | None, now: datetime | None = None) -> datetime | None:
    """A moment in UTC; None for `all` and for no text."""
    now = now or datetime.now(UTC)
    if text is None or text == "all":
        return None
    if text in ("today", "yesterday"):
        return days_before(int(text == "yesterday"), now)
    try:
        if ago := AGO.fullmatch(text):
            return now - int(ago["count"]) * UNITS[ago["unit"]]
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise ProviderConfigurationError(
            f"{text!r} is not a time. Use 7d, 24h or 2w (that long ago), today, yesterday, all, or a date "
            "such as 2026-11-01"
        ) from None
    return moment.replace(tzinfo=moment.tzinfo or UTC)


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
    line = f"{counts}, {total.total_tokens:,} tokens, {format_cost(total)}"
    return line if total.is_exact else f"{line}\n{NOTE}"


def open_requests(total: Totals) -> str:
    """The number of requests that have not ended."""
    if not total.open:
        return ""
    running = total.open - total.abandoned
    parts = [f"{running:,} still running"] if running else []
    parts += [f"{total.abandoned:,} abandoned by ended processes"] if total.abandoned else []
    return f", {' and '.join(parts)}"


def to_json(report: UsageReport, grouped: Mapping[str, Sums] | None) -> str:
    fields: JsonObject = {"total": asdict(report.total)}
    sums = grouped or {"day": report.days, "model": report.models, **{f"tag:{n}": s for n, s in report.tags.items()}}
    for by, groups in sums.items():
        fields[by] = {group: asdict(total) for group, total in groups.items()}
    return json.dumps(fields, indent=2, default=str, ensure_ascii=False)


NARROWEST = 8
BLOCKS = " ▏▎▍▌▋▊▉█"
"""Eighths of a character, so that small differences are visible."""


def render_plot(report: UsageReport) -> str:
    """One line per day, or per month for long times: a bar for cost and one for tokens."""
    periods = report.periods
    period_width = max(len(period) for period in periods)
    spent = [float(total.cost) for total in periods.values()]
    used = [float(total.total_tokens) for total in periods.values()]
    labels = [
        (format_total_cost(total), f"{total.total_tokens:,}" if total.requests else "") for total in periods.values()
    ]
    extra = period_width + sum(max(len(cells[column]) for cells in labels) for column in (0, 1)) + 8
    width = max(NARROWEST, (shutil.get_terminal_size().columns - extra) // 2)
    cost_width = max(len(cost) for cost, _ in labels) + 1
    head = f"{'':<{period_width}}  {'spend':<{width + cost_width}}  tokens"
    lines = [
        f"{period:<{period_width}}  {f'{render_bar(money, max(spent), width)} {cost}'.strip():<{width + cost_width}}  "
        f"{f'{render_bar(tokens, max(used), width)} {count}'.strip()}"
        for period, money, tokens, (cost, count) in zip(periods, spent, used, labels, strict=True)
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
