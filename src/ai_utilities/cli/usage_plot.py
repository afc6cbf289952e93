"""Cost and tokens as bar charts in plain characters."""

from __future__ import annotations

import shutil
import sys

from ..usage.report import UsageReport, format_cost
from ..usage.totals import Totals
from .usage_tables import render_summary

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
