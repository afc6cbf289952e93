"""Spend and tokens, drawn with plain characters in the width of the terminal."""

from __future__ import annotations

import shutil
import sys

from ..usage.report import UsageReport, told_cost
from ..usage.totals import Totals
from .usage_tables import summary

NARROWEST = 8
BLOCKS = " ▏▎▍▌▋▊▉█"
"""Eighths of a character, so that small differences show."""


def plot(report: UsageReport) -> str:
    """A line for each day, or month of a long time: a bar of money and one of tokens."""
    periods = report.periods
    label = max(len(period) for period in periods)
    spent = [float(total.cost) for total in periods.values()]
    used = [float(total.total_tokens) for total in periods.values()]
    said = [(cost_of(total), f"{total.total_tokens:,}" if total.requests else "") for total in periods.values()]
    beside = label + sum(max(len(words[column]) for words in said) for column in (0, 1)) + 8
    width = max(NARROWEST, (shutil.get_terminal_size().columns - beside) // 2)
    told = max(len(cost) for cost, _ in said) + 1
    head = f"{'':<{label}}  {'spend':<{width + told}}  tokens"
    lines = [
        f"{period:<{label}}  {f'{bar(money, max(spent), width)} {cost}'.strip():<{width + told}}  "
        f"{f'{bar(tokens, max(used), width)} {count}'.strip()}"
        for period, money, tokens, (cost, count) in zip(periods, spent, used, said, strict=True)
    ]
    return "\n".join([head, *(line.rstrip() for line in lines), "", summary(report.total)])


def cost_of(total: Totals) -> str:
    return told_cost(total) if total.requests else ""


def bar(amount: float, most: float, width: int) -> str:
    """As long as its share of the longest; anything that is not nothing can be seen."""
    if not amount or not most:
        return ""
    if not draws_blocks():
        return "#" * max(1, round(amount / most * width))
    eighths = max(1, round(amount / most * width * 8))
    return "█" * (eighths // 8) + BLOCKS[eighths % 8].strip()


def draws_blocks() -> bool:
    """Whether whoever reads our output has these characters."""
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
