"""Batches as Mistral runs them: calls in the request, answers in a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.batch import BatchJob, BatchRequest, BatchState
from ...types.call import Call
from ...types.delta import Delta, Made
from ...types.uploaded_file import read_time
from ..base import Outgoing
from ..batching import BatchCodec, BatchQuirks, Wire
from ..counts import number
from ..openai_chat.codec import read_error
from ..operation import request_of
from .batches import about, entry

STATES: dict[str, BatchState] = {
    "SUCCESS": "done",
    "FAILED": "failed",
    "TIMEOUT_EXCEEDED": "expired",
    "CANCELLATION_REQUESTED": "cancelling",
    "CANCELLED": "cancelled",
}


def write(call: Call, quirks: BatchQuirks) -> Outgoing:
    request = request_of(call, BatchRequest)
    if request.action in ("get", "cancel"):
        return about(request, quirks)
    model = call.endpoint.ai_model.model_name
    lines = [line(index, one, model) for index, one in enumerate(request.requests)]
    body = {"model": model, "endpoint": f"/v1{request.requests[0].path}", "requests": lines, **call.config.options}
    return Outgoing(quirks.path, body)


def line(index: int, outgoing: Any, model: str) -> Wire:
    # The model is that of the whole job.
    return {"custom_id": str(index), "body": {k: v for k, v in outgoing.body.items() if k != "model"}}


def read(quirks: BatchQuirks, body: Any) -> Iterator[Delta]:
    yield Made(
        BatchJob(
            batch_id=body["id"],
            state=STATES.get(body.get("status"), "running"),
            total=number(body, "total_requests"),
            succeeded=number(body, "succeeded_requests"),
            failed=number(body, "failed_requests"),
            created_at=read_time(body.get("created_at")),
            files=tuple(filter(None, (body.get("output_file"), body.get("error_file")))),
            reason="; ".join(str(one.get("message")) for one in body.get("errors") or ()) or None,
            raw=body,
        )
    )


CODEC = BatchCodec("openai_rest.jobs", write, read, read_error, line, entry, "inline", "files")
