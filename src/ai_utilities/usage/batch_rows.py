"""Answers of batches in the ledger: one row for each, at the price of batches, once however often they are read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from dhenara.ai import Send, Stream
from dhenara.ai.errors import CallError
from dhenara.ai.types import BatchItemContext, Call

from ..storage.store_calls import StoreIO, call_store, call_store_shielded
from .charges import REFUSED_COST
from .data import BATCH, UsageData
from .stored_errors import stored_text
from .tags import tags_now

ITEM = "batch_item"
TAG = "batch"
"""Rows of answers out of a batch carry its id under this tag."""


async def record_item(io: StoreIO, usage: Any, who: Mapping[str, Any], call: Call, send: Send) -> Stream:
    """Hands one item of a batch on, and writes its row unless it has one."""
    arrival = call.request
    if not isinstance(arrival, BatchItemContext):
        return await send(call)
    at = arrival.job.created_at or datetime.fromtimestamp(io.time(), UTC)
    tags = {**usage.tags, **arrival.job.layer_data.get("tags", {}), **tags_now(), TAG: arrival.job.batch_id}
    facts = {**who, "operation": BATCH, "tags": tags, "started_at": at, "request_id": name_of(arrival)}
    facts["row_id"] = row_id_of(facts)
    known = await recorded_items(io, usage, arrival, at)

    async def write(row: UsageData) -> None:
        if facts["request_id"] not in known:
            known.add(facts["request_id"])
            await call_store_shielded(io, usage.ledger, usage.write, [row])

    try:
        stream = await send(call)
    except CallError as error:
        text = stored_text(error, call)
        await write(UsageData.of(None, REFUSED_COST, **facts, outcome="failed", error=text))
        raise

    async def ended(stream: Stream) -> None:
        answer = stream.partial()
        await write(UsageData.of(answer.usage, answer.cost, **facts))

    stream.on_end(ended)
    return stream


def name_of(arrival: BatchItemContext) -> str:
    return f"{arrival.job.batch_id}/{arrival.index}"


def row_id_of(facts: Mapping[str, Any]) -> str:
    """The same for every reader, so that two at the same time write one row."""
    name = f"{facts.get('provider')}|{facts['started_at'].isoformat()}|{facts['request_id']}"
    return blake2b(name.encode(), digest_size=16).hexdigest()


async def recorded_items(io: StoreIO, usage: Any, arrival: BatchItemContext, at: datetime) -> set[str]:
    """The items of this batch that have rows already; the ledger is asked once for each time a batch is read."""
    known: dict[int, set[str]] = arrival.shared.setdefault("rows", {})
    if id(usage) not in known:
        ledger = readable_ledger(usage.ledger)
        if ledger is None:
            known[id(usage)] = usage.items.setdefault(arrival.job.batch_id, set())
        else:
            tags = {TAG: arrival.job.batch_id}
            rows = await call_store(io, ledger, lambda: list(ledger.rows(at, at + timedelta(seconds=1), tags)))
            known[id(usage)] = {row.request_id for row in rows}
    return known[id(usage)]


def readable_ledger(ledger: Any) -> Any | None:
    """The ledger itself, where one stands behind a tracker; None where rows are only told."""
    while ledger is not None and not hasattr(ledger, "rows"):
        ledger = getattr(ledger, "ledger", None)
    return ledger
