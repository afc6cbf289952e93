"""Finding a batch again by its name, when nobody knows whether it was made."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..types.batch import BatchJob, BatchPage
from .batch_items import BatchItemReader
from .batches import BatchClient

CLOCKS = timedelta(minutes=5)
"""How far the provider's clock and ours may be apart."""


async def find_batch(
    batching: BatchClient, name: str, since: datetime | None, total: int | None, longest: float
) -> BatchJob | None:
    """The batch that was handed over under this name, if it arrived.

    Some hosts know no names but those of the calls, and tell these with the answers: there, batches of that time and
    size are waited for.
    """
    cursor: str | None = None
    while True:
        page = await batching.perform(BatchPage, action="list", cursor=cursor)
        for job in page.jobs:
            if since and job.created_at and job.created_at < since - CLOCKS:
                continue
            if await has_name(batching, job, name, total, longest):
                known = {"name": name, "protocol": batching.chat.target.origin.protocol}
                return job.model_copy(update={**known, "total": max(job.total, total or 0)})
        cursor = page.cursor
        if cursor is None:
            return None


async def has_name(batching: BatchClient, job: BatchJob, name: str, total: int | None, longest: float) -> bool:
    if batching.codec.named:
        return job.name == name
    if total not in (None, job.total):
        return False
    return await BatchItemReader(batching, await batching.wait(job, longest, None)).has_name(name)
