"""The ledger rows of the items of a batch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Protocol, cast

from dhenara.ai import Send, Stream
from dhenara.ai.errors import CallError
from dhenara.ai.types import BatchItemContext, Call

from ..storage.store_calls import StoreIO, call_store, call_store_shielded, within
from .attempt_rows import LONGEST_WAIT, stored_text
from .costs import REFUSED_COST
from .data import BATCH, Facts, UsageData, tags_now
from .ledger import Ledger

TAG = "batch"
"""The name of the tag with the id of the batch, in rows of its items."""


class ItemRowWriter(Protocol):
    """The parts of the usage layer that write rows of items."""

    tags: dict[str, str]
    items: dict[str, set[str]]

    @property
    def ledger(self) -> object: ...

    def write(self, rows: list[UsageData]) -> None: ...


async def record_item(io: StoreIO, usage: ItemRowWriter, target_facts: Facts, call: Call, send: Send) -> Stream:
    """Passes one item of a batch on, and writes its row unless the ledger has it.

    Args:
        io: The IO of the call.
        usage: The layer that writes the row.
        target_facts: The fields about provider and model.
        call: The call of the operation `batch_item`.
        send: The next layer.

    Raises:
        CallError: If the item failed.
    """
    item = call.request
    if not isinstance(item, BatchItemContext):
        return await send(call)
    at = item.job.created_at or datetime.fromtimestamp(io.time(), UTC)
    tags = {**usage.tags, **item.job.layer_data.get("tags", {}), **tags_now(), TAG: item.job.batch_id}
    facts = {**target_facts, "operation": BATCH, "tags": tags, "started_at": at, "request_id": request_id_of(item)}
    facts["row_id"] = row_id_of(facts)
    recorded = await recorded_items(io, usage, item, at)

    async def write(row: UsageData) -> None:
        if facts["request_id"] not in recorded:
            recorded.add(facts["request_id"])
            await call_store_shielded(io, usage.ledger, within(LONGEST_WAIT, usage.write), [row])

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


def request_id_of(item: BatchItemContext) -> str:
    """The id of an item, which is unique with the provider and the time of its batch."""
    return f"{item.job.batch_id}/{item.index}"


def row_id_of(facts: Facts) -> str:
    """The id of an item's row: the same in every process, so that two readers write one row."""
    name = f"{facts.get('provider')}|{facts['started_at'].isoformat()}|{facts['request_id']}"
    return blake2b(name.encode(), digest_size=16).hexdigest()


async def recorded_items(io: StoreIO, usage: ItemRowWriter, item: BatchItemContext, at: datetime) -> set[str]:
    """The items of this batch that have rows. The ledger is read once for each reading of a batch."""
    by_layer: dict[int, set[str]] = item.shared.setdefault("rows", {})
    if id(usage) not in by_layer:
        ledger = readable_ledger(usage.ledger)
        if ledger is None:
            by_layer[id(usage)] = usage.items.setdefault(item.job.batch_id, set())
        else:
            tags = {TAG: item.job.batch_id}
            rows = await call_store(io, ledger, lambda: list(ledger.rows(at, at + timedelta(seconds=1), tags)))
            by_layer[id(usage)] = {row.request_id or "" for row in rows}
    return by_layer[id(usage)]


def readable_ledger(sink: object) -> Ledger | None:
    """The ledger itself, also behind a tracker; None if rows cannot be read."""
    while sink is not None and not hasattr(sink, "rows"):
        sink = getattr(sink, "ledger", None)
    return cast("Ledger | None", sink)
