"""Usage reports: totals by day, model and tag, and an HTML page of them with charts that loads nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from html import escape
from typing import TypedDict

from dhenara.ai.integration import short_repr

from ..amounts import USD, DisplayCurrency, format_amount, format_units
from ..ledger import Ledger
from ..totals import Group, TimeZone, Totals
from .charts import ChartSeries, format_count, percent_of_largest, render_columns

MOST_DAYS = 62
"""Days up to which a report is by day; longer times are by month."""

Sums = dict[str, Totals]


@dataclass(frozen=True, slots=True)
class UsageReport:
    """Totals of a ledger.

    Attributes:
        total: The total of all rows.
        periods: Totals by day, or by month for long times, without gaps.
        days: Totals by day.
        models: Totals by model, the most expensive first.
        tags: For each tag name, totals by its value.
        groups: Totals by provider, key, operation and unit, where the ledger has more than one of them.
        combined: Totals by several values at once, if they were combined for.
        by: The groupings of `combined`.
        time_zone: The time zone of days and months.
    """

    total: Totals
    periods: Sums
    days: Sums
    models: Sums
    tags: Mapping[str, Sums]
    groups: Mapping[str, Sums] = field(default_factory=dict)
    combined: Mapping[Group, Totals] = field(default_factory=dict)
    by: tuple[str, ...] = ()
    time_zone: str = "UTC"

    def __str__(self) -> str:
        """The totals as lines of text."""
        tables = {"by time": self.periods, "by model": self.models}
        tables |= {f"by {name}": sums for name, sums in {**self.groups, **self.tags}.items()}
        combined = {", ".join(values): total for values, total in self.combined.items()}
        tables |= {f"by {', '.join(self.by)}": combined} if combined else {}
        lines = [f"total: {self.total}"]
        for title, sums in tables.items():
            lines += ["", title, *(f"  {name or '(none)'}: {total}" for name, total in sums.items())]
        return "\n".join(lines)

    def __repr__(self) -> str:
        counts = (("days", len(self.days)), ("models", len(self.models)))
        return short_repr(type(self).__name__, (("total", self.total), *counts))


def make_report(
    ledger: Ledger,
    since: datetime | None = None,
    until: datetime | None = None,
    tags: Mapping[str, str] | None = None,
    *,
    by: Sequence[str] = (),
    time_zone: TimeZone = UTC,
) -> UsageReport:
    """Makes a report of a ledger.

    Args:
        ledger: The ledger.
        since: The first moment; None for all.
        until: The moment after the last one; None for all.
        tags: Only rows with these tags.
        by: Groupings for one more table, by all of them at once, such as `("month", "team")`.
        time_zone: The time zone of days and months, such as `Europe/Berlin`.

    Raises:
        ConfigurationError: If a grouping or the time zone does not exist.
        StoreError: If the ledger cannot be read.
    """
    days = ledger.totals("day", since, until, tags, time_zone=time_zone)
    span: Span = {"since": since, "until": until, "tags": tags}
    others = {name: by_cost(ledger.totals(name, **span)) for name in OTHER_GROUPS}
    return UsageReport(
        total=sum(days.values(), Totals()),
        periods=fill_gaps(days),
        days=days,
        models=by_cost(ledger.totals("model", **span)),
        tags={name: ledger.totals(f"tag:{name}", **span) for name in ledger.tag_names(since, until)},
        groups={name: sums for name, sums in others.items() if len(sums) > 1},
        combined=ledger.totals_by(*by, **span, time_zone=time_zone) if by else {},
        by=tuple(by),
        time_zone=str(time_zone),
    )


class Span(TypedDict):
    """What rows are summed."""

    since: datetime | None
    until: datetime | None
    tags: Mapping[str, str] | None


OTHER_GROUPS = ("provider", "key", "operation", "unit")
"""Groupings that a report shows if there is more than one value."""


def fill_gaps(days: Mapping[str, Totals]) -> Sums:
    """All days from the first to the last; days without rows are empty."""
    dated = sorted(day for day in days if day)
    if not dated:
        return dict(days)
    first, last = date.fromisoformat(dated[0]), date.fromisoformat(dated[-1])
    span = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    if len(span) <= MOST_DAYS:
        return {str(day): days.get(str(day), Totals()) for day in span}
    months: dict[str, list[Totals]] = {}
    for day in span:
        months.setdefault(f"{day:%Y-%m}", []).append(days.get(str(day), Totals()))
    return {month: sum(totals, Totals()) for month, totals in months.items()}


def by_cost(sums: Mapping[str, Totals]) -> Sums:
    """The most expensive first; for equal cost, the most used."""
    return dict(sorted(sums.items(), key=lambda item: (item[1].cost, item[1].total_tokens), reverse=True))


def format_cost(total: Totals, currency: DisplayCurrency = USD) -> str:
    """A cost for tables; a plus marks that some of it is unknown."""
    if total.requests and total.unknown_costs == total.requests:
        return "unknown"
    return format_amount(total.cost, currency) + ("" if total.is_exact else "+")


def days_before(days: int, now: datetime | None = None, zone: tzinfo = UTC) -> datetime:
    """The start of a day.

    Args:
        days: How many days ago.
        now: The current time.
        zone: The time zone of the day.
    """
    today = (now or datetime.now(UTC)).astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=days)


STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #667085; --line: #e3e7ee; --paper: #ffffff; --card: #f7f8fb;
  --spend: #2f6fdb; --input: #2f9e8f; --output: #e08a3c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf0; --soft: #98a2b3; --line: #2c3442; --paper: #14181f;
  --card: #1b212b; --spend: #6ea3f7; --input: #57c4b4; --output: #f0a765; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
  max-width: 960px; padding: 32px 24px 64px; }
h1 { font-size: 24px; margin: 0; } h2 { font-size: 16px; margin: 36px 0 8px; }
p { color: var(--soft); margin: 4px 0 20px; }
.cards { display: flex; flex-wrap: wrap; gap: 12px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 16px; flex: 1; }
.card b { display: block; font-size: 22px; font-weight: 600; } .card span { color: var(--soft); font-size: 13px; }
svg { width: 100%; height: auto; } .grid { stroke: var(--line); } .tick { fill: var(--soft); font-size: 11px; }
.spend { fill: var(--spend); } .input { fill: var(--input); } .output { fill: var(--output); }
.key { color: var(--soft); font-size: 13px; font-weight: 400; margin-left: 12px; }
.key i { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 4px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 5px 6px; border-bottom: 1px solid var(--line); font-weight: 400; }
th { color: var(--soft); font-size: 13px; }
.group { text-align: left; min-width: 4.8em; max-width: 20em; overflow-wrap: break-word; }
.wide { overflow-x: auto; } .units { min-width: 6.5em; }
.share { width: 12%; min-width: 24px; }
.share i { display: block; height: 10px; border-radius: 2px; background: var(--spend); }
"""
HEAD = ("requests", "failed", "interrupted", "cached", "tokens in", "tokens out")


def usage_page(
    report: UsageReport,
    title: str = "Usage",
    now: datetime | None = None,
    currency: DisplayCurrency = USD,
) -> str:
    """A report as an HTML page that loads nothing else.

    Args:
        report: The report.
        title: The title of the page.
        now: The current time.
        currency: The currency in which amounts are shown, at a rate of yours.
    """
    created = (now or datetime.now(UTC)).astimezone(UTC)
    body = "\n".join(render_sections(report, currency)) if report.total.requests else "<p>No usage in this time.</p>"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body>\n<h1>{escape(title)}</h1>\n"
        f"<p>{escape(format_span(report))} Created {created:%Y-%m-%d %H:%M} UTC.</p>\n{body}\n</body></html>\n"
    )


def format_span(report: UsageReport) -> str:
    """The first and the last day of a report."""
    dated = [day for day in report.days if day]
    return f"{dated[0]} to {dated[-1]}, days of {report.time_zone}." if dated else ""


def render_sections(report: UsageReport, currency: DisplayCurrency) -> Iterator[str]:
    """The sections of the page."""
    yield render_cards(report, currency)
    labels = list(report.periods)
    sums = list(report.periods.values())
    spend = ChartSeries("spent", "spend", [float(currency.convert(total.cost)) for total in sums])
    known = any(spend.amounts)
    yield f"<h2>Spend</h2>{render_columns('Spend', labels, [spend], currency.format_axis) if known else NO_COST}"
    tokens_in = ChartSeries("input", "input", [float(total.prompt_tokens) for total in sums])
    tokens_out = ChartSeries("output", "output", [float(total.completion_tokens) for total in sums])
    yield f"<h2>Tokens{render_legend(tokens_in)}{render_legend(tokens_out)}</h2>"
    yield render_columns("Tokens", labels, [tokens_in, tokens_out], format_count)
    if report.by:
        yield f"<h2>By {escape(', '.join(report.by))}</h2>{render_table(report.by, report.combined, currency)}"
    tables = {"model": report.models, **report.groups, **{f"tag {name}": sums for name, sums in report.tags.items()}}
    for name, groups in {**tables, "day": report.days}.items():
        by_name: dict[Group, Totals] = {(group,): total for group, total in groups.items()}
        yield f"<h2>By {escape(name)}</h2>{render_table((name.removeprefix('tag '),), by_name, currency)}"
    if not report.total.is_exact:
        yield f"<p>{escape(describe_unknown(report.total))} A plus marks sums with such a part.</p>"
    if currency.code != USD.code:
        yield f"<p>{escape(currency.label)}</p>"


NO_COST = "<p>No known cost.</p>"


def describe_unknown(total: Totals) -> str:
    """How many rows have no known cost, or may have cost more."""
    unknown = f"The cost of {total.unknown_costs:,} requests is unknown." if total.unknown_costs else ""
    partial = f"{total.partial_costs:,} requests may have cost more." if total.partial_costs else ""
    return " ".join(part for part in (unknown, partial) if part)


def render_cards(report: UsageReport, currency: DisplayCurrency) -> str:
    """The main numbers of the report."""
    total = report.total
    values = {
        "spent": format_cost(total, currency),
        "tokens": f"{total.total_tokens:,}",
        "requests": f"{total.requests:,}",
        "failed": f"{total.failed:,}",
        "interrupted": f"{total.interrupted:,}",
        **({"open": f"{total.open:,}"} if total.open else {}),
        **({"of unknown cost": f"{total.unknown_costs:,}"} if total.unknown_costs else {}),
        "saved by the cache": format_amount(total.saved_cost, currency),
    }
    cards = "".join(
        f'<div class="card"><b>{escape(value)}</b><span>{name}</span></div>' for name, value in values.items()
    )
    return f'<div class="cards">{cards}</div>'


def render_legend(series: ChartSeries) -> str:
    """The color and the name of a series."""
    return f'<span class="key"><i style="background: var(--{series.kind})"></i>{series.name}</span>'


def render_table(headings: Sequence[str], groups: Mapping[Group, Totals], currency: DisplayCurrency) -> str:
    """Totals as rows, each with a bar in relation to the largest cost, or to tokens if nothing has a cost."""
    weights = {group: float(total.cost) for group, total in groups.items()}
    if not any(weights.values()):
        weights = {group: float(total.total_tokens) for group, total in groups.items()}
    percent = percent_of_largest(weights)
    units = ("units",) if any(total.units for total in groups.values()) else ()
    named = "".join(f'<th class="group">{escape(name)}</th>' for name in headings)
    head = named + "".join(f"<th>{escape(name)}</th>" for name in (*HEAD, *units, "cost", ""))
    rows = []
    for group, total in groups.items():
        ended = (total.requests, total.failed, total.interrupted, total.cached)
        counts = (*ended, total.prompt_tokens, total.completion_tokens)
        cells = [f'<td class="group">{escape(name or "none")}</td>' for name in group]
        cells += [f"<td>{number:,}</td>" for number in counts]
        cells += [f'<td class="units">{escape(", ".join(format_units(total.units)))}</td>' for _ in units]
        cells.append(f"<td>{escape(format_cost(total, currency))}</td>")
        share = f'<td class="share"><i style="width: {percent[group]:.1f}%"></i></td>'
        rows.append(f"<tr>{''.join(cells)}{share}</tr>")
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f'<div class="wide">{table}</div>'
