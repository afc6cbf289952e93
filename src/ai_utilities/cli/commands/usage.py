"""`ai-utilities usage`: calls, tokens and costs in a time range, as text, table, plot or page."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...config import state_path
from ...exceptions import JsonObject, ProviderConfigurationError
from ...middleware import make_ledger
from ...usage.amounts import USD, DisplayCurrency, format_units
from ...usage.reports.report import (
    Sums,
    UsageReport,
    days_before,
    describe_unknown,
    format_cost,
    make_report,
    usage_page,
)
from ...usage.sqlite import SQLiteLedger
from ...usage.totals import GROUPS, Group, Totals, read_zone
from ..clients import ForceFlag, check_target, read_tags, settings_for, write_target
from ..inputs import CurrencyFlag, EnvFileFlag, RateDateFlag, RateFlag, RateSourceFlag, read_currency
from ..output import print_note, table
from ..streams import show

if TYPE_CHECKING:
    from ...usage.ledger import Ledger
    from ...usage.sqlite_recovery import Recovery


BY_HELP = f"Group by these, separated by commas: {', '.join(GROUPS)} or tag:NAME."
ByFlag = Annotated[
    str | None,
    typer.Option("--by", metavar="WHAT", help=BY_HELP),
]
SinceFlag = Annotated[str, typer.Option(metavar="WHEN", help="Start: 7d, 24h, 2w, today, a date, or all.")]
UntilFlag = Annotated[str | None, typer.Option(metavar="WHEN", help="End, in the same formats.")]
TagFlag = Annotated[
    list[str] | None, typer.Option("--tag", metavar="NAME=VALUE", help="Only requests with this tag; may be repeated.")
]
ZoneFlag = Annotated[
    str, typer.Option("--time-zone", metavar="NAME", help="Time zone of days and months, such as Europe/Berlin.")
]
PlotFlag = Annotated[bool, typer.Option("--plot", help="Draw a chart of cost and tokens.")]
HtmlFlag = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write an HTML page with charts.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def usage(
    context: typer.Context,
    by: ByFlag = None,
    since: SinceFlag = "30d",
    until: UntilFlag = None,
    tag: TagFlag = None,
    time_zone: ZoneFlag = "UTC",
    currency: CurrencyFlag = None,
    rate: RateFlag = None,
    rate_date: RateDateFlag = None,
    rate_source: RateSourceFlag = None,
    plot: PlotFlag = False,
    html: HtmlFlag = None,
    force: ForceFlag = False,
    as_json: JsonFlag = False,
    env_file: EnvFileFlag = None,
) -> None:
    """Show usage and cost by day, model, key, team, unit and tag.

    Reads the ledger, which all commands write and your own programs can write.
    """
    if context.invoked_subcommand is not None:
        return
    shown_in = read_currency(currency, rate, rate_date, rate_source)
    groupings = tuple(name.strip() for name in by.split(",")) if by else ()
    if html is not None:
        check_target("--html", html, force)
    ledger, place = open_ledger(env_file)
    span = (read_time(since, zone=time_zone), read_time(until, zone=time_zone))
    tags = dict(read_tags(tag))
    try:
        report = make_report(ledger, *span, tags, by=groupings, time_zone=time_zone)
        losses = ledger.recoveries() if isinstance(ledger, SQLiteLedger) else []
    finally:
        ledger.close()
    print_warnings(report, losses)
    if html is not None:
        write_target(html, usage_page(report, currency=shown_in), force)
        print_note(f"written to {html}")
    if as_json:
        show(to_json(report))
    elif not report.total.requests:
        print_note(f"no usage (--since {since}); the ledger is {place}")
    elif plot:
        show(render_plot(report, shown_in))
    elif html is None or by:
        show(render_table(report.by, report.combined, shown_in) if by else render_tables(report, shown_in))
    if shown_in.code != USD.code and not as_json:
        print_note(shown_in.label)


def print_warnings(report: UsageReport, losses: Sequence[Recovery]) -> None:
    """Notes about rows that were lost, and requests that have no end."""
    for loss in losses:
        print_note(f"this ledger was damaged and recovered on {loss.at[:10]}: {loss}")
    if report.total.abandoned:
        left = f"{report.total.abandoned:,} requests of ended processes are open"
        print_note(f"{left}; `ai-utilities ledger close` closes them")


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


def read_time(text: str | None, now: datetime | None = None, zone: str = "UTC") -> datetime | None:
    """A moment; None for `all` and for no text. Days and times without an offset are those of the time zone."""
    place = read_zone(zone)
    now = now or datetime.now(UTC)
    if text is None or text == "all":
        return None
    if text in ("today", "yesterday"):
        return days_before(int(text == "yesterday"), now, place)
    try:
        if ago := AGO.fullmatch(text):
            return now - int(ago["count"]) * UNITS[ago["unit"]]
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise ProviderConfigurationError(
            f"{text!r} is not a time. Use 7d, 24h or 2w (that long ago), today, yesterday, all, or a date "
            "such as 2026-11-01"
        ) from None
    return moment.replace(tzinfo=moment.tzinfo or place)


HEAD = ("requests", "failed", "interrupted", "cached", "tokens in", "tokens out")
NAMELESS = {name: f"(no {name})" for name in GROUPS} | {"day": "(no date)", "month": "(no date)"}


def render_tables(report: UsageReport, currency: DisplayCurrency = USD) -> str:
    """Tables by day, by model, by what else differs, and by each tag; and the total."""
    tables = {"day": report.days, "model": report.models, **report.groups}
    tables |= {f"tag:{name}": sums for name, sums in report.tags.items()}
    parts = [render_table((by,), one_by_one(sums), currency) for by, sums in tables.items()]
    parts.append(render_summary(report.total, currency))
    return "\n\n".join(parts)


def one_by_one(sums: Sums) -> dict[Group, Totals]:
    """Totals of one grouping, in the form of those of several."""
    return {(name,): total for name, total in sums.items()}


def render_table(by: Sequence[str], sums: Mapping[Group, Totals], currency: DisplayCurrency = USD) -> str:
    """One table; rows without a value for a grouping have a placeholder name."""
    units = ("units",) if any(total.units for total in sums.values()) else ()
    rows = [
        (*(value or NAMELESS.get(name, "(no such tag)") for name, value in zip(by, group, strict=True)),
         *counts_of(total), *(", ".join(format_units(total.units)) for _ in units), format_cost(total, currency))
        for group, total in sums.items()
    ]  # fmt: skip
    return table((*(name.removeprefix("tag:") for name in by), *HEAD, *units, "cost"), rows)


def counts_of(total: Totals) -> tuple[str, ...]:
    counts = (
        total.requests,
        total.failed,
        total.interrupted,
        total.cached,
        total.prompt_tokens,
        total.completion_tokens,
    )
    return tuple(f"{count:,}" for count in counts)


def render_summary(total: Totals, currency: DisplayCurrency = USD) -> str:
    """The total in one line, and what is not known of its cost."""
    cached = f", {total.cached:,} from the cache" if total.cached else ""
    failed = f", {total.failed:,} failed" if total.failed else ""
    cut = f", {total.interrupted:,} interrupted" if total.interrupted else ""
    counts = f"{total.requests:,} requests{cached}{failed}{cut}{open_requests(total)}"
    units = "".join(f", {part}" for part in format_units(total.units))
    line = f"{counts}, {total.total_tokens:,} tokens{units}, {format_cost(total, currency)}"
    return line if total.is_exact else f"{line}\n+ marks sums with such a part: {describe_unknown(total)}"


def open_requests(total: Totals) -> str:
    """The number of requests that have not ended."""
    if not total.open:
        return ""
    running = total.open - total.abandoned
    parts = [f"{running:,} still running"] if running else []
    parts += [f"{total.abandoned:,} abandoned by ended processes"] if total.abandoned else []
    return f", {' and '.join(parts)}"


def to_json(report: UsageReport) -> str:
    """The report as JSON, in US dollars. Groups by several values are a list."""
    fields: JsonObject = {"total": asdict(report.total)}
    sums = {"day": report.days, "model": report.models, **report.groups}
    sums |= {f"tag:{name}": groups for name, groups in report.tags.items()}
    if len(report.by) == 1:
        sums = {report.by[0]: {group[0]: total for group, total in report.combined.items()}}
    elif report.by:
        groups = [
            {**dict(zip(report.by, group, strict=True)), **asdict(total)} for group, total in report.combined.items()
        ]
        return json.dumps({**fields, "groups": groups}, indent=2, default=str, ensure_ascii=False)
    for by, totals in sums.items():
        fields[by] = {group: asdict(total) for group, total in totals.items()}
    return json.dumps(fields, indent=2, default=str, ensure_ascii=False)


NARROWEST = 8
BLOCKS = " ▏▎▍▌▋▊▉█"
"""Eighths of a character, so that small differences are visible."""


def render_plot(report: UsageReport, currency: DisplayCurrency = USD) -> str:
    """One line per day, or per month for long times: a bar for cost and one for tokens."""
    periods = report.periods
    period_width = max(len(period) for period in periods)
    spent = [float(total.cost) for total in periods.values()]
    used = [float(total.total_tokens) for total in periods.values()]
    labels = [
        (format_total_cost(total, currency), f"{total.total_tokens:,}" if total.requests else "")
        for total in periods.values()
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
    return "\n".join([head, *(line.rstrip() for line in lines), "", render_summary(report.total, currency)])


def format_total_cost(total: Totals, currency: DisplayCurrency) -> str:
    return format_cost(total, currency) if total.requests else ""


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
