"""`ai-utilities usage`: calls, tokens and costs in a time range."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...exceptions import ProviderConfigurationError
from ...usage.report import days_before
from ..flags import EnvFileFlag
from ..streams import show

if TYPE_CHECKING:
    from ...usage.ledger import Ledger
    from ...usage.report import UsageReport


ByFlag = Annotated[
    str | None, typer.Option("--by", metavar="WHAT", help="Group by day, model, provider, outcome or tag:NAME.")
]
SinceFlag = Annotated[str, typer.Option(metavar="WHEN", help="Start: 7d, 24h, 2w, today, a date, or all.")]
UntilFlag = Annotated[str | None, typer.Option(metavar="WHEN", help="End, in the same formats.")]
TagFlag = Annotated[
    list[str] | None, typer.Option("--tag", metavar="NAME=VALUE", help="Only requests with this tag; may be repeated.")
]
PlotFlag = Annotated[bool, typer.Option("--plot", help="Draw a chart of cost and tokens.")]
HtmlFlag = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write an HTML page with charts.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register_usage(app: typer.Typer) -> None:
    app.command("usage")(usage)


def usage(
    by: ByFlag = None,
    since: SinceFlag = "30d",
    until: UntilFlag = None,
    tag: TagFlag = None,
    plot: PlotFlag = False,
    html: HtmlFlag = None,
    as_json: JsonFlag = False,
    env_file: EnvFileFlag = None,
) -> None:
    """Show usage and cost by day, model and tag.

    Reads the ledger, which all commands write and your own programs can write. Days are in UTC.
    """
    from ...usage.report import make_report
    from ...usage.sqlite import SQLiteLedger
    from ..clients import read_tags
    from ..exit_codes import print_note
    from .usage_tables import render_table, render_tables, to_json

    ledger, place = open_ledger(env_file)
    span = (read_time(since), read_time(until))
    tags = dict(read_tags(tag))
    try:
        grouped = {by: ledger.totals(by, *span, tags)} if by else None
        report = make_report(ledger, *span, tags)
        losses = ledger.recoveries() if isinstance(ledger, SQLiteLedger) else []
    finally:
        ledger.close()
    for loss in losses:
        print_note(f"this ledger was damaged and recovered on {loss.at[:10]}: {loss}")
    if report.total.abandoned:
        left = f"{report.total.abandoned:,} requests of ended processes are open"
        print_note(f"{left}; `ai-utilities ledger close` closes them")
    if html is not None:
        from ...usage.report import usage_page

        html.write_text(usage_page(report), encoding="utf-8")
        print_note(f"written to {html}")
    if as_json:
        show(to_json(report, grouped))
    elif not report.total.requests:
        print_note(f"no usage (--since {since}); the ledger is {place}")
    elif plot:
        show(render_report(report))
    elif html is None or by:
        show(render_table(by, grouped[by]) if by and grouped else render_tables(report))


def render_report(report: UsageReport) -> str:
    from .usage_tables import render_plot

    return render_plot(report)


def open_ledger(env_file: Path | None) -> tuple[Ledger, str]:
    """The ledger of the settings, and where it is."""
    from ...config.paths import state_path
    from ...exceptions import ProviderConfigurationError
    from ...middleware import make_tracker
    from ..clients import settings_for

    settings = settings_for(env_file=env_file)
    if settings.usage_store not in ("sqlite", "redis") or not settings.usage_tracking:
        raise ProviderConfigurationError(
            "usage is not stored. Set AI_USAGE_STORE to sqlite or redis, and leave AI_USAGE_TRACKING on"
        )
    tracker: Any = make_tracker(settings)
    place = "on the Redis server" if settings.usage_store == "redis" else settings.usage_path
    return tracker.ledger, str(place or state_path("usage.sqlite"))


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
