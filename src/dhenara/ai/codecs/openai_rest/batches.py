"""Batches of OpenAI and Groq: calls in one file, results in a second, errors in a third."""

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
from ..common.paths import quote_segment
from ..common.protocol_detection import protocol_of
from ..openai_chat.codec import read_error
from ..operations.batch import BatchCodec, BatchQuirks, BatchResult, Wire, error_body
from ..operations.operation import request_of

STATES: dict[str, BatchState] = {
    "completed": "done",
    "failed": "failed",
    "expired": "expired",
    "cancelling": "cancelling",
    "cancelled": "cancelled",
}
NAME = "name"
"""Metadata key for the name of a batch."""


def batch_request(request: BatchRequest, quirks: BatchQuirks) -> EncodedRequest:
    """Encode a request about an existing batch: get, cancel or list."""
    address = f"{quirks.path}/{quote_segment(request.batch_id or '')}"
    return (
        EncodedRequest(address, {}, method="GET")
        if request.action == "get"
        else EncodedRequest(f"{address}/cancel", {})
    )


def batch_name_fields(request: BatchRequest) -> Wire:
    return {"metadata": {NAME: request.name}} if request.name else {}


def write(call: Call, quirks: BatchQuirks) -> EncodedRequest:
    request = request_of(call, BatchRequest)
    if request.action == "list":
        question = {"limit": 100, **({"after": request.cursor} if request.cursor else {})}
        return EncodedRequest(f"{quirks.path}?{urlencode(question)}", {}, method="GET")
    if request.action in ("get", "cancel"):
        return batch_request(request, quirks)
    body = {
        "input_file_id": request.file_id,
        "endpoint": f"/v1{request.path}",
        "completion_window": "24h",
        **batch_name_fields(request),
        **call.config.options,
    }
    return EncodedRequest(quirks.path, body, once=True)


def write_line(key: str, body: Any, path: str) -> Wire:
    return {"custom_id": key, "method": "POST", "url": f"/v1{path}", "body": body}


def read(quirks: BatchQuirks, body: Any) -> Iterator[Delta]:
    if "data" in body:
        jobs = tuple(map(read_job, body["data"] or ()))
        more = body.get("has_more") and jobs
        yield ResultDelta(BatchPage(jobs=jobs, cursor=jobs[-1].batch_id if more else None))
    else:
        yield ResultDelta(read_job(body))


def read_job(body: Wire) -> BatchJob:
    require(body, "a batch", "status")
    if body.get("object") not in (None, "batch") or protocol_of(body) is not None:
        raise ValueError("expected a batch, got something else")
    counts, errors = read_object(body, "request_counts"), read_object(body, "errors").get("data") or ()
    return BatchJob(
        batch_id=body["id"],
        state=STATES.get(str(body.get("status")), "running"),
        total=read_int(counts, "total"),
        succeeded=read_int(counts, "completed"),
        failed=read_int(counts, "failed"),
        created_at=read_time(body.get("created_at")),
        expires_at=read_time(body.get("expires_at")),
        files=tuple(filter(None, (body.get("output_file_id"), body.get("error_file_id")))),
        reason="; ".join(str(one.get("message")) for one in errors) or None,
        name=read_object(body, "metadata").get(NAME),
        raw=body,
    )


def entry(data: Wire, position: int) -> BatchResult:
    key, response = data["custom_id"], data.get("response") or {}
    status = response.get("status_code") or 200
    if data.get("error"):
        return BatchResult(key, *error_body({"error": data["error"]}, status))
    return BatchResult(key, response.get("body"), status)


CODEC = BatchCodec("openai_rest.batches", write, read, read_error, write_line, entry)
