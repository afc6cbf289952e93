"""A worker that makes requests until it is killed, for tests of what it leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ai_utilities.usage import (
    Budget,
    BudgetLayer,
    BudgetStore,
    Ledger,
    RedisBudgets,
    RedisLedger,
    SQLiteBudgets,
    SQLiteLedger,
    UsageLayer,
)
from dhenara.ai import AIModelClient
from dhenara.ai.types import AIModelCallConfig, AIModelEndpoint, ChatModelCostData
from support.worlds import endpoint

PRICES = ChatModelCostData(input_token_cost_per_million=Decimal(1), output_token_cost_per_million=Decimal(1))
BRIEF = AIModelCallConfig(max_output_tokens=100_000)


def priced(url: str) -> AIModelEndpoint:
    return endpoint(url).model_copy(update={"cost_data": PRICES})


def ledger_at(kind: str, where: str) -> Ledger:
    return SQLiteLedger(where) if kind == "sqlite" else RedisLedger(where)


def budgets_at(kind: str, where: str) -> BudgetStore:
    return SQLiteBudgets(where) if kind == "sqlite" else RedisBudgets(where)


def ask_for_ever(kind: str, where: str, url: str, how: str) -> None:
    with AIModelClient(endpoint(url), layers=[UsageLayer(ledger_at(kind, where))]) as client:
        WAYS[how](client)


def spend_for_ever(kind: str, where: str, url: str, limit: str) -> None:
    layer = BudgetLayer(Budget(limit, "total"), store=budgets_at(kind, where))
    with AIModelClient(priced(url), BRIEF, layers=[layer]) as client:
        while True:
            client.generate("?")


def plain(client: Any) -> None:
    while True:
        client.generate("?")


def streamed(client: Any) -> None:
    while True:
        list(client.generate("?", streaming=True).stream_generator)


def on_asyncio(client: Any) -> None:
    async def main() -> None:
        await asyncio.gather(*(forever() for _ in range(4)))

    async def forever() -> None:
        while True:
            await client.generate_async("?")

    asyncio.run(main())


def on_trio(client: Any) -> None:
    import trio

    async def main() -> None:
        while True:
            await client.generate_async("?")

    trio.run(main)


WAYS: dict[str, Callable[[Any], None]] = {
    "plain": plain,
    "streamed": streamed,
    "asyncio": on_asyncio,
    "trio": on_trio,
}
