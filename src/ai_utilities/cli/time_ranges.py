"""Parses times such as `7d`, `24h`, `today` and `2026-11-01`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from ..exceptions import ProviderConfigurationError
from ..usage.report import days_before

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
