"""Batches as Gemini runs them: calls in the request, answers in what is told of the batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.batch import BatchJob, BatchRequest, BatchState
from ...types.call import Call
from ...types.delta import Delta, Made
from ...types.uploaded_file import read_time
from ..base import Outgoing, Reading
from ..batching import BatchCodec, BatchQuirks, Entry, Wire, failed
from ..counts import section
from ..operation import Document, request_of
from .codec import read_error
from .naming import full_name

STATES: dict[str, BatchState] = {
    "SUCCEEDED": "done",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
    "EXPIRED": "expired",
}
# gRPC's numbers, as HTTP says them.
STATUSES = {3: 400, 5: 404, 7: 403, 8: 429, 13: 500, 14: 503, 16: 401}


def write(call: Call, quirks: BatchQuirks) -> Outgoing:
    request = request_of(call, BatchRequest)
    if request.action == "get":
        return Outgoing(f"/{request.batch_id}", {}, method="GET")
    if request.action == "cancel":
        gone = BatchJob(batch_id=request.batch_id or "", state="cancelling")
        return Outgoing(f"/{request.batch_id}:cancel", {}, reading=Reading(Document(lambda _: iter([Made(gone)]))))
    model = full_name(call.endpoint.ai_model.model_name)
    lines = [line(index, one, model) for index, one in enumerate(request.requests)]
    batch = {"displayName": "dhenara", "inputConfig": {"requests": {"requests": lines}}, **call.config.options}
    return Outgoing(f"/{model}:batchGenerateContent", {"batch": batch})


def line(index: int, outgoing: Any, model: str) -> Wire:
    return {"request": {**outgoing.body, "model": model}, "metadata": {"custom_id": str(index)}}


def read(quirks: BatchQuirks, body: Any) -> Iterator[Delta]:
    told = section(body, "metadata")
    counts = section(told, "batchStats")
    state = str(told.get("state", "")).removeprefix("BATCH_STATE_").removeprefix("JOB_STATE_")
    yield Made(
        BatchJob(
            batch_id=body["name"],
            state=STATES.get(state, "running"),
            total=int(counts.get("requestCount") or 0),
            succeeded=int(counts.get("successfulRequestCount") or 0),
            failed=int(counts.get("failedRequestCount") or 0),
            created_at=read_time(told.get("createTime")),
            reason=section(body, "error").get("message"),
            raw=body,
        )
    )


def inside(raw: Wire) -> list[Wire]:
    """The results in what was told last."""
    for place in (section(raw, "response"), section(section(raw, "metadata"), "output")):
        found = section(place, "inlinedResponses").get("inlinedResponses")
        if found:
            return list(found)
    return []


def entry(told: Wire, position: int) -> Entry:
    key = str(section(told, "metadata").get("custom_id", position))
    if told.get("error"):
        code = section(told, "error").get("code")
        return Entry(key, *failed({"error": told["error"]}, STATUSES.get(code or 0, 500)))
    return Entry(key, told["response"])


CODEC = BatchCodec("gemini.batches", write, read, read_error, line, entry, "inline", "inside", inside)
