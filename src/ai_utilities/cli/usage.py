"""`ai-utilities usage`: usage and cost by day, model and tag."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .flags import EnvFileFlag
from .terminal_escape import show

if TYPE_CHECKING:
    from ..usage.ledger import Ledger
    from ..usage.report import UsageReport

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


def register(app: typer.Typer) -> None:
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
    from ..usage.report import make_report
    from ..usage.sqlite import SQLiteLedger
    from .clients import read_tags
    from .exit_codes import print_note
    from .time_ranges import read_time
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
        from ..usage.page import usage_page

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
    from .usage_plot import render_plot

    return render_plot(report)


def open_ledger(env_file: Path | None) -> tuple[Ledger, str]:
    """The ledger of the settings, and where it is."""
    from ..default_paths import state_path
    from ..exceptions import ProviderConfigurationError
    from ..factories import make_tracker
    from .clients import settings_for

    settings = settings_for(env_file=env_file)
    if settings.usage_store not in ("sqlite", "redis") or not settings.usage_tracking:
        raise ProviderConfigurationError(
            "usage is not stored. Set AI_USAGE_STORE to sqlite or redis, and leave AI_USAGE_TRACKING on"
        )
    tracker: Any = make_tracker(settings)
    place = "on the Redis server" if settings.usage_store == "redis" else settings.usage_path
    return tracker.ledger, str(place or state_path("usage.sqlite"))
