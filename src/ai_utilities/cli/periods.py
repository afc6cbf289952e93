"""Times as people say them at a prompt: `7d`, `24h`, `today`, `2026-11-01`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from ..exceptions import ProviderConfigurationError
from ..usage.report import days_before

AGO = re.compile(r"(?P<count>\d{1,6})(?P<unit>[hdw])")
UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def read_time(said: str | None, now: datetime | None = None) -> datetime | None:
    """A moment in UTC; `all` and nothing are None."""
    now = now or datetime.now(UTC)
    if said is None or said == "all":
        return None
    if said in ("today", "yesterday"):
        return days_before(int(said == "yesterday"), now)
    try:
        if ago := AGO.fullmatch(said):
            return now - int(ago["count"]) * UNITS[ago["unit"]]
        found = datetime.fromisoformat(said)
    except (ValueError, OverflowError):
        raise ProviderConfigurationError(
            f"{said!r} is not a time: say 7d, 24h or 2w for so long ago, today, yesterday, all, or a date "
            "such as 2026-11-01"
        ) from None
    return found.replace(tzinfo=found.tzinfo or UTC)
