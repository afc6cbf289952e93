"""Usage by user, and a budget for each user.

Run it: python examples/usage.py. Uses OpenAI if OPENAI_API_KEY is set, otherwise a fake server.
"""

import os
from typing import Any

from ai_utilities import AiClient
from ai_utilities.usage import Budget, BudgetExceededError, BudgetLayer, MemoryLedger, UsageLayer
from dhenara.ai.testing import Answer, FakeServer


def main(**options: Any) -> None:
    ledger = MemoryLedger()
    budgets = BudgetLayer(Budget("0.02", per="user"))
    with AiClient("openai/gpt-5.4-mini", layers=[UsageLayer(ledger), budgets], **options) as client:
        for user, longest in (("ada", 2000), ("bob", 2000), ("bob", 20_000)):
            try:
                client.ask("Say hello.", max_tokens=longest, tags={"user": user})
            except BudgetExceededError as error:
                print(f"{user}: {error}")
    for user, total in ledger.totals("tag:user").items():
        print(f"{user}: {total}")


if "OPENAI_API_KEY" in os.environ:
    main()
else:
    with FakeServer(Answer(text="Hello!"), forever=True) as server:
        main(api_key="none", base_url=f"{server.url}/v1")
