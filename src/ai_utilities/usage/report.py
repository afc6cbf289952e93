"""Usage reports: totals by day, model and tag, and an HTML page of them with charts that loads nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import escape

from .ledger import Ledger
from .totals import Totals

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
    """

    total: Totals
    periods: Sums
    days: Sums
    models: Sums
    tags: Mapping[str, Sums]


def make_report(
    ledger: Ledger,
    since: datetime | None = None,
    until: datetime | None = None,
    tags: Mapping[str, str] | None = None,
) -> UsageReport:
    """Makes a report of a ledger.

    Args:
        ledger: The ledger.
        since: The first moment; None for all.
        until: The moment after the last one; None for all.
        tags: Only rows with these tags.

    Raises:
        StoreError: If the ledger cannot be read.
    """
    days = ledger.totals("day", since, until, tags)
    return UsageReport(
        total=sum(days.values(), Totals()),
        periods=fill_gaps(days),
        days=days,
        models=by_cost(ledger.totals("model", since, until, tags)),
        tags={name: ledger.totals(f"tag:{name}", since, until, tags) for name in ledger.tag_names(since, until)},
    )


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


def format_cost(total: Totals) -> str:
    """A cost for tables; a plus marks that some of it is unknown."""
    if total.requests and total.unknown_costs == total.requests:
        return "unknown"
    return format_amount(total.cost) + ("" if total.is_exact else "+")


def format_amount(amount: Decimal) -> str:
    """An amount of US dollars for tables."""
    if 0 < amount < Decimal("0.0001"):
        return "<$0.0001"
    return f"${amount:,.2f}" if amount >= 1 else f"${amount:.4f}" if amount else "$0"


def days_before(days: int, now: datetime | None = None) -> datetime:
    """The start of a day, in UTC.

    Args:
        days: How many days ago.
        now: The current time.
    """
    today = (now or datetime.now(UTC)).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=days)


WIDTH, HEIGHT = 760, 220
LEFT, RIGHT, TOP, BOTTOM = 64, 8, 12, 28
TICKS = 4
LABEL = 76
"""Width of a label under a column."""

Format = Callable[[float], str]
"""Writes an amount as text."""


@dataclass(frozen=True, slots=True)
class ChartSeries:
    """One series of a chart.

    Attributes:
        name: Its name in the legend.
        kind: The name of its color in the style of the page.
        amounts: One amount for each column.
    """

    name: str
    kind: str
    amounts: Sequence[float]


def render_columns(title: str, labels: Sequence[str], series: Sequence[ChartSeries], to_text: Format) -> str:
    """A chart with a column for each label, in which the series are stacked.

    Args:
        title: Its title, for screen readers.
        labels: The labels of the columns.
        series: The series.
        to_text: Writes an amount as text.

    Returns:
        The SVG element.
    """
    top = round_up(max((sum(parts) for parts in zip(*(stacked.amounts for stacked in series), strict=True)), default=0))
    elements = [
        *render_axis(top, to_text),
        *render_labels(labels),
        *render_stacks(labels, series, top, to_text),
    ]
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title, quote=True)}">'
        + "".join(elements)
        + "</svg>"
    )


def render_axis(top: float, to_text: Format) -> Iterator[str]:
    """Horizontal lines, each with its amount."""
    for tick in range(TICKS + 1):
        amount = top * tick / TICKS
        y = amount_position(amount, top)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{to_text(amount)}</text>'


def render_labels(labels: Sequence[str]) -> Iterator[str]:
    """As many labels as fit."""
    every = max(1, math.ceil(len(labels) * LABEL / (WIDTH - LEFT - RIGHT)))
    for number, label in enumerate(labels):
        if number % every == 0:
            x = column_position(number, len(labels)) + column_pitch(len(labels)) / 2
            yield f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(label)}</text>'


def render_stacks(labels: Sequence[str], series: Sequence[ChartSeries], top: float, to_text: Format) -> Iterator[str]:
    """The columns."""
    gap = column_pitch(len(labels)) * 0.15
    width = min(column_pitch(len(labels)) - 2 * gap, 48)
    for number, label in enumerate(labels):
        x = column_position(number, len(labels)) + (column_pitch(len(labels)) - width) / 2
        floor = 0.0
        for stacked in series:
            amount = stacked.amounts[number]
            if amount:
                y, height = (
                    amount_position(floor + amount, top),
                    amount_position(floor, top) - amount_position(floor + amount, top),
                )
                text = escape(f"{label}: {stacked.name} {to_text(amount)}")
                yield (
                    f'<rect class="{stacked.kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}">'
                    f"<title>{text}</title></rect>"
                )
            floor += amount


def column_pitch(count: int) -> float:
    """The distance from one column to the next."""
    return (WIDTH - LEFT - RIGHT) / max(1, count)


def column_position(number: int, count: int) -> float:
    """The x coordinate of a column."""
    return LEFT + number * column_pitch(count)


def amount_position(amount: float, top: float) -> float:
    """The y coordinate of an amount."""
    return HEIGHT - BOTTOM - (amount / top if top else 0) * (HEIGHT - TOP - BOTTOM)


def round_up(most: float) -> float:
    """A round number that is not below this one, and whose quarters are round too."""
    if most <= 0:
        return 0.0
    power: float = 10 ** math.floor(math.log10(most))
    return next(step * power for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10) if step * power >= most)


def percent_of_largest(amounts: Mapping[str, float]) -> dict[str, float]:
    """Each amount in percent of the largest."""
    most = max(amounts.values(), default=0) or 1
    return {name: 100 * amount / most for name, amount in amounts.items()}


STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #667085; --line: #e3e7ee; --paper: #ffffff; --card: #f7f8fb;
  --spend: #2f6fdb; --input: #2f9e8f; --output: #e08a3c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf0; --soft: #98a2b3; --line: #2c3442; --paper: #14181f;
  --card: #1b212b; --spend: #6ea3f7; --input: #57c4b4; --output: #f0a765; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
  max-width: 820px; padding: 32px 24px 64px; }
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
th, td { text-align: right; padding: 5px 8px; border-bottom: 1px solid var(--line); font-weight: 400; }
th { color: var(--soft); font-size: 13px; } th:first-child, td:first-child { text-align: left; word-break: break-word; }
.share { width: 22%; } .share i { display: block; height: 10px; border-radius: 2px; background: var(--spend); }
"""
HEAD = ("requests", "failed", "interrupted", "cached", "tokens in", "tokens out", "cost", "")


def usage_page(report: UsageReport, title: str = "Usage", now: datetime | None = None) -> str:
    """A report as an HTML page that loads nothing else.

    Args:
        report: The report.
        title: The title of the page.
        now: The current time.
    """
    created = (now or datetime.now(UTC)).astimezone(UTC)
    body = "\n".join(render_sections(report)) if report.total.requests else "<p>No usage in this time.</p>"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body>\n<h1>{escape(title)}</h1>\n"
        f"<p>{escape(format_span(report))} Created {created:%Y-%m-%d %H:%M} UTC.</p>\n{body}\n</body></html>\n"
    )


def format_span(report: UsageReport) -> str:
    """The first and the last day of a report."""
    dated = [day for day in report.days if day]
    return f"{dated[0]} to {dated[-1]}, days of UTC." if dated else ""


def render_sections(report: UsageReport) -> Iterator[str]:
    """The sections of the page."""
    yield render_cards(report)
    labels = list(report.periods)
    sums = list(report.periods.values())
    spend = ChartSeries("spent", "spend", [float(total.cost) for total in sums])
    chart = render_columns("Spend", labels, [spend], format_dollars) if any(spend.amounts) else "<p>No known cost.</p>"
    yield f"<h2>Spend</h2>{chart}"
    tokens_in = ChartSeries("input", "input", [float(total.prompt_tokens) for total in sums])
    tokens_out = ChartSeries("output", "output", [float(total.completion_tokens) for total in sums])
    yield f"<h2>Tokens{render_legend(tokens_in)}{render_legend(tokens_out)}</h2>"
    yield render_columns("Tokens", labels, [tokens_in, tokens_out], format_count)
    yield f"<h2>By model</h2>{render_table('model', report.models)}"
    for name, groups in report.tags.items():
        yield f"<h2>By tag {escape(name)}</h2>{render_table(name, groups)}"
    yield f"<h2>By day</h2>{render_table('day', report.days)}"
    if not report.total.is_exact:
        yield "<p>A plus means that some of the cost is unknown.</p>"


def render_cards(report: UsageReport) -> str:
    """The main numbers of the report."""
    total = report.total
    values = {
        "spent": format_cost(total),
        "tokens": f"{total.total_tokens:,}",
        "requests": f"{total.requests:,}",
        "failed": f"{total.failed:,}",
        "interrupted": f"{total.interrupted:,}",
        **({"open": f"{total.open:,}"} if total.open else {}),
        "saved by the cache": format_amount(total.saved_cost),
    }
    cards = "".join(
        f'<div class="card"><b>{escape(value)}</b><span>{name}</span></div>' for name, value in values.items()
    )
    return f'<div class="cards">{cards}</div>'


def render_legend(series: ChartSeries) -> str:
    """The color and the name of a series."""
    return f'<span class="key"><i style="background: var(--{series.kind})"></i>{series.name}</span>'


def render_table(heading: str, groups: Sums) -> str:
    """Totals as rows, each with a bar in relation to the largest cost, or to tokens if nothing has a cost."""
    weights = {name: float(total.cost) for name, total in groups.items()}
    if not any(weights.values()):
        weights = {name: float(total.total_tokens) for name, total in groups.items()}
    percent = percent_of_largest(weights)
    head = "".join(f"<th>{escape(name)}</th>" for name in (heading, *HEAD))
    rows = []
    for name, total in groups.items():
        ended = (total.requests, total.failed, total.interrupted, total.cached)
        counts = (*ended, total.prompt_tokens, total.completion_tokens)
        cells = [escape(name or "none"), *(f"{number:,}" for number in counts), escape(format_cost(total))]
        share = f'<td class="share"><i style="width: {percent[name]:.1f}%"></i></td>'
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + share + "</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def format_dollars(amount: float) -> str:
    """An amount with four digits, without zeros at the end."""
    return f"${Decimal(f'{amount:.4g}').normalize():f}" if amount else "$0"


def format_count(amount: float) -> str:
    """A short number: 1,200 is 1.2k."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if amount >= size:
            return f"{amount / size:.3g}{letter}"
    return f"{amount:g}"
