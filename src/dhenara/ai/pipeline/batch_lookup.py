"""Finds a batch by its name when the result of the submission is unknown."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..types.batch import BatchJob, BatchPage
from .batch_items import BatchItemReader
from .batches import BatchClient

CLOCKS = timedelta(minutes=5)
"""Largest assumed difference between the provider's clock and ours."""


async def find_batch(
    batching: BatchClient, name: str, since: datetime | None, total: int | None, longest: float
) -> BatchJob | None:
    """Return the batch submitted under this name, or None.

    Some providers have no batch names; the name is then in the keys of the results, so batches of matching time and
    size
    are waited for.
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
