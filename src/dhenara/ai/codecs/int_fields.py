"""Readers for numbers in usage reports that tolerate invalid values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..types.delta import Delta, UsageDelta, WarningDelta
from ..types.usage import Usage
from .json_fields import read_object as read_object

Report = Mapping[str, Any]

LARGEST = 2**53
"""Larger numbers are errors, and floats cannot represent them exactly."""

COUNT_ENDINGS = ("tokens", "Tokens", "TokenCount", "eval_count", "cost")


def count(report: Report, name: str) -> int | None:
    """Return the count; None if it is missing or invalid."""
    match = report.get(name)
    if isinstance(match, bool) or not isinstance(match, int | float):
        return None
    return int(match) if 0 <= match <= LARGEST else None  # NaN fails both comparisons


def read_int(report: Report, name: str) -> int:
    """Return the count; 0 if it is missing or invalid."""
    return count(report, name) or 0


def amount(report: Report, *names: str) -> float | None:
    """Return the first valid amount (money or seconds: finite and not negative) of these fields."""
    for name in names:
        match = report.get(name)
        if isinstance(match, int | float) and not isinstance(match, bool) and 0 <= match <= LARGEST:
            return float(match)
    return None


def read_ints(report: Report) -> dict[str, int]:
    """Return all valid counts of this part of the report."""
    return {name: match for name in report if (match := count(report, name)) is not None}


def unreadable(report: Report) -> tuple[str, ...]:
    """Return the names of fields, also nested ones, that should be counts but are not."""
    return tuple(dict.fromkeys(misfits(report)))


def misfits(report: Report) -> Iterator[str]:
    for name, value in report.items():
        if isinstance(value, Mapping):
            yield from (f"{name}.{inner}" for inner in value if is_misfit(value, inner))
        elif is_misfit(report, name):
            yield name


def is_misfit(report: Report, name: str) -> bool:
    value = report[name]
    if type(value) is int and 0 <= value <= LARGEST:
        return False
    if value is None or isinstance(value, Mapping | list) or not str(name).endswith(COUNT_ENDINGS):
        return False
    return count(report, name) is None


def used(usage: Usage) -> Iterator[Delta]:
    """Return the usage, with a warning if the report is unclear."""
    yield UsageDelta(usage)
    if usage.unclear:
        from ..types.warning import CallWarning

        yield WarningDelta(
            CallWarning(
                code="provider_warning",
                message=(
                    f"the usage report does not say clearly how many tokens were used: {', '.join(usage.unclear)} "
                    "are missing, cannot be read, or contradict the other counts. They are in no bucket, and the cost "
                    "is unknown unless the provider reports it; usage.raw has the report."
                ),
                parameter="usage",
            )
        )
