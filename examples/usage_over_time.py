"""Usage by team and key, alerts of a budget, and a comparison with the provider's own export.

Run it: python examples/usage_over_time.py. Uses OpenAI if OPENAI_API_KEY is set, otherwise a fake server.
"""

import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

from ai_utilities import AiClient
from ai_utilities.usage import (
    Budget,
    BudgetAlert,
    BudgetLayer,
    DisplayCurrency,
    MemoryLedger,
    UsageLayer,
    make_report,
    read_export,
    reconcile,
    usage_page,
)
from dhenara.ai.testing import Answer, FakeServer


def notify(alert: BudgetAlert) -> None:
    print(f"alert: {alert}")


def export_of(requests: int, input_tokens: int, output_tokens: int) -> str:
    """What OpenAI's usage API would answer; download the real one with an admin key."""
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    times = {"start_time": int(day.timestamp()), "end_time": int((day + timedelta(days=1)).timestamp())}
    counts = {"num_model_requests": requests, "input_tokens": input_tokens, "output_tokens": output_tokens}
    result = {"object": "organization.usage.completions.result", "model": "gpt-5.4-mini", **counts}
    return json.dumps({"data": [{**times, "results": [result]}], "has_more": False})


def main(**options: Any) -> None:
    ledger = MemoryLedger()
    usage = UsageLayer(ledger, key_label="example")
    budget = BudgetLayer(Budget("0.02", alerts=["0.1", "0.5"], on_alert=notify))
    with AiClient("openai/gpt-5.4-mini", layers=[usage, budget], **options) as client:
        for team in ("search", "ads", "search"):
            client.ask("Say hello.", max_tokens=1000, tags={"team": team})
    for (team, key), total in ledger.totals_by("team", "key").items():
        print(f"{team} with the key {key}: {total}")

    total = ledger.total()
    export = read_export(export_of(total.requests + 1, total.prompt_tokens, total.completion_tokens), "openai")
    for bucket in reconcile(ledger, export).differences:
        print(f"{bucket.place}: {dict(bucket.differences)}, {bucket.explanation}")

    report = make_report(ledger, by=("team", "key"), time_zone="Europe/Berlin")
    page = usage_page(report, currency=DisplayCurrency("EUR", "0.92", "2026-11-20", "ECB"))
    print(f"a page of {len(page)} characters")


if "OPENAI_API_KEY" in os.environ:
    main()
else:
    with FakeServer(Answer(text="Hello!"), forever=True) as server:
        main(api_key="none", base_url=f"{server.url}/v1")
