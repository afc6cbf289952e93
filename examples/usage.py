"""Who used how much, and a budget for each. Uses OPENAI_API_KEY where it is set, else a fake provider."""

from __future__ import annotations

import os
from contextlib import ExitStack
from decimal import Decimal

from ai_utilities.usage import Budget, BudgetExceededError, BudgetLayer, MemoryLedger, UsageLayer, tagged
from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, ChatModelCostData

PRICES = ChatModelCostData(input_token_cost_per_million=Decimal("0.25"), output_token_cost_per_million=Decimal(2))


def found_endpoint(stack: ExitStack) -> AIModelEndpoint:
    if os.environ.get("OPENAI_API_KEY"):
        model = AIModel(model_name=os.environ.get("OPENAI_MODEL", "gpt-5-mini"), cost_data=PRICES)
        return AIModelEndpoint(api=AIModelAPI(provider="openai"), ai_model=model)
    server = stack.enter_context(FakeServer(Answer(text="Hello!"), forever=True))
    api = AIModelAPI(provider="openai", api_key="none", config={"base_url": f"{server.url}/v1"})
    return AIModelEndpoint(api=api, ai_model=AIModel(model_name="fake", cost_data=PRICES))


def main() -> None:
    with ExitStack() as stack:
        ledger = MemoryLedger()
        budgets = BudgetLayer(Budget("0.01", per="user"))
        client = stack.enter_context(AIModelClient(found_endpoint(stack), layers=[UsageLayer(ledger), budgets]))
        for user, longest in (("ada", 2000), ("bob", 2000), ("bob", 20_000)):
            with tagged(user=user):
                try:
                    client.generate("Say hello.", max_output_tokens=longest)
                except BudgetExceededError as error:
                    print(f"{user}: {error}")
        for user, total in ledger.totals("tag:user").items():
            print(f"{user}: {total}")


if __name__ == "__main__":
    main()
