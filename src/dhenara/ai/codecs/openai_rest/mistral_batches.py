"""Mistral batches: calls in the request, or in a file if there are many; results in a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from ...types.chat.delta import Delta, ResultDelta
from ...types.config.call import Call
from ...types.operations.batch import BatchJob, BatchPage, BatchRequest, BatchState
from ...types.operations.files import read_time
from ..base import EncodedRequest
from ..common.fields import read_int, read_object, require
from ..common.protocol_detection import protocol_of
from ..openai_chat.codec import read_error
from ..operations.batch import MARK, BatchCodec, BatchQuirks, Wire, upload_request
from ..operations.operation import request_of
from .batches import NAME, batch_name_fields, batch_request, entry

STATES: dict[str, BatchState] = {
    "SUCCESS": "done",
    "FAILED": "failed",
    "TIMEOUT_EXCEEDED": "expired",
    "CANCELLATION_REQUESTED": "cancelling",
    "CANCELLED": "cancelled",
}
PAGE = 100


def write(call: Call, quirks: BatchQuirks) -> EncodedRequest:
    request = request_of(call, BatchRequest)
    if request.action == "list":
        question = {"page_size": PAGE, "page": request.cursor or "0"}
        return EncodedRequest(f"{quirks.path}?{urlencode(question)}", {}, method="GET")
    if request.action in ("get", "cancel"):
        return batch_request(request, quirks)
    body = {"model": call.endpoint.ai_model.model_name, "endpoint": f"/v1{request.path}", **batch_name_fields(request)}
    if request.file_id is not None:
        return EncodedRequest(quirks.path, {**body, "input_files": [request.file_id], **call.config.options}, once=True)
    return upload_request(quirks.path, {**body, "requests": [MARK], **call.config.options}, request.lines)


def write_body(encoded: EncodedRequest, model: str) -> Wire:
    # The model is that of the whole job.
    return {name: value for name, value in encoded.body.items() if name != "model"}


def write_line(key: str, body: Any, path: str) -> Wire:
    return {"custom_id": key, "body": body}


def read(quirks: BatchQuirks, body: Any) -> Iterator[Delta]:
    if "id" not in body and "total" in body:
        yield ResultDelta(BatchPage(jobs=tuple(map(read_job, body.get("data") or ()))))
    else:
        yield ResultDelta(read_job(body))


def read_job(body: Wire) -> BatchJob:
    require(body, "a batch", "status")
    if body.get("object") not in (None, "batch") or protocol_of(body) is not None:
        raise ValueError("expected a batch, got something else")
    return BatchJob(
        batch_id=body["id"],
        state=STATES.get(str(body.get("status")), "running"),
        total=read_int(body, "total_requests"),
        succeeded=read_int(body, "succeeded_requests"),
        failed=read_int(body, "failed_requests"),
        created_at=read_time(body.get("created_at")),
        files=tuple(filter(None, (body.get("output_file"), body.get("error_file")))),
        reason="; ".join(str(one.get("message")) for one in body.get("errors") or ()) or None,
        name=read_object(body, "metadata").get(NAME),
        raw=body,
    )


CODEC = BatchCodec("openai_rest.mistral_batches", write, read, read_error, write_line, entry, body=write_body)
