"""Batches as Mistral runs them: calls in the request, or in a file where they are many; answers in a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from ...types.batch import BatchJob, BatchPage, BatchRequest, BatchState
from ...types.call import Call
from ...types.delta import Delta, Made
from ...types.uploaded_file import read_time
from ..base import Outgoing
from ..batch_quirks import BatchQuirks
from ..batching import MARK, BatchCodec, Wire, sent
from ..counts import number, section
from ..foreign import protocol_of
from ..openai_chat.codec import read_error
from ..operation import request_of
from ..told import require
from .batches import NAME, about, entry, named

STATES: dict[str, BatchState] = {
    "SUCCESS": "done",
    "FAILED": "failed",
    "TIMEOUT_EXCEEDED": "expired",
    "CANCELLATION_REQUESTED": "cancelling",
    "CANCELLED": "cancelled",
}
PAGE = 100


def write(call: Call, quirks: BatchQuirks) -> Outgoing:
    request = request_of(call, BatchRequest)
    if request.action == "list":
        asked = {"page_size": PAGE, "page": request.cursor or "0"}
        return Outgoing(f"{quirks.path}?{urlencode(asked)}", {}, method="GET")
    if request.action in ("get", "cancel"):
        return about(request, quirks)
    body = {"model": call.endpoint.ai_model.model_name, "endpoint": f"/v1{request.path}", **named(request)}
    if request.file_id is not None:
        return Outgoing(quirks.path, {**body, "input_files": [request.file_id], **call.config.options}, once=True)
    return sent(quirks.path, {**body, "requests": [MARK], **call.config.options}, request.lines)


def write_body(outgoing: Outgoing, model: str) -> Wire:
    # The model is that of the whole job.
    return {name: value for name, value in outgoing.body.items() if name != "model"}


def write_line(key: str, body: Any, path: str) -> Wire:
    return {"custom_id": key, "body": body}


def read(quirks: BatchQuirks, body: Any) -> Iterator[Delta]:
    if "id" not in body and "total" in body:
        yield Made(BatchPage(jobs=tuple(map(read_job, body.get("data") or ()))))
    else:
        yield Made(read_job(body))


def read_job(body: Wire) -> BatchJob:
    require(body, "a batch", "status")
    if body.get("object") not in (None, "batch") or protocol_of(body) is not None:
        raise ValueError("this is something else than a batch")
    return BatchJob(
        batch_id=body["id"],
        state=STATES.get(str(body.get("status")), "running"),
        total=number(body, "total_requests"),
        succeeded=number(body, "succeeded_requests"),
        failed=number(body, "failed_requests"),
        created_at=read_time(body.get("created_at")),
        files=tuple(filter(None, (body.get("output_file"), body.get("error_file")))),
        reason="; ".join(str(one.get("message")) for one in body.get("errors") or ()) or None,
        name=section(body, "metadata").get(NAME),
        raw=body,
    )


CODEC = BatchCodec("openai_rest.jobs", write, read, read_error, write_line, entry, body=write_body)
