"""Numbers out of a provider's report, whatever else it may have put in their places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..types.delta import Delta, UsageDelta, WarningDelta
from ..types.usage import Usage
from .json_fields import read_object as read_object

Report = Mapping[str, Any]

LARGEST = 2**53
"""No answer has more tokens than this; larger numbers are mistakes, and cannot be told apart as floats."""

COUNT_ENDINGS = ("tokens", "Tokens", "TokenCount", "eval_count", "cost")


def count(report: Report, name: str) -> int | None:
    """The count under this name; None where there is none, or something that cannot be a count."""
    match = report.get(name)
    if isinstance(match, bool) or not isinstance(match, int | float):
        return None
    return int(match) if 0 <= match <= LARGEST else None  # NaN is not between them


def read_int(report: Report, name: str) -> int:
    """The count under this name; 0 where there is none."""
    return count(report, name) or 0


def amount(report: Report, *names: str) -> float | None:
    """The first amount under these names: money or seconds, which are finite and not negative."""
    for name in names:
        match = report.get(name)
        if isinstance(match, int | float) and not isinstance(match, bool) and 0 <= match <= LARGEST:
            return float(match)
    return None


def read_ints(report: Report) -> dict[str, int]:
    """Everything in this part of the report that is a count."""
    return {name: match for name in report if (match := count(report, name)) is not None}


def unreadable(report: Report) -> tuple[str, ...]:
    """Fields of the report, and of its details, that should be counts and are not."""
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
    """The usage, with a warning where its report does not say clearly how much was used."""
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
