"""Numbers out of a provider's report, whatever else it may have put in their places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .told import section as section

Report = Mapping[str, Any]


def number(report: Report, name: str) -> int:
    """The count under this name; 0 where there is none."""
    found = report.get(name)
    return int(found) if isinstance(found, int | float) else 0


def counted(report: Report) -> dict[str, int]:
    """Everything in this part of the report that is a count."""
    return {name: int(value) for name, value in report.items() if isinstance(value, int)}
