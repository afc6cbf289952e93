"""Message batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from ...types.chat.delta import Delta, ResultDelta
from ...types.config.call import Call
from ...types.operations.batch import BatchJob, BatchPage, BatchRequest, BatchState
from ...types.operations.files import read_time
from ..base import EncodedRequest
from ..common.request import quote_segment
from ..common.response_fields import Wire, read_int, read_object, require
from ..operations.batches import MARK, BatchCodec, BatchResult, batch_line_format, error_body, upload_request
from ..operations.operation import request_of
from ..operations.quirks import BatchQuirks
from .response import read_error

HEADERS = {"anthropic-version": "2023-06-01"}
STATUSES = {"invalid_request_error": 400, "authentication_error": 401, "permission_error": 403, "not_found_error": 404}
STATUSES |= {"request_too_large": 413, "rate_limit_error": 429, "api_error": 500, "overloaded_error": 529}


def write_batch(call: Call, quirks: BatchQuirks) -> EncodedRequest:
    request = request_of(call, BatchRequest)
    path = f"{quirks.path}/{quote_segment(request.batch_id)}" if request.batch_id is not None else quirks.path
    if request.action == "get":
        return EncodedRequest(path, {}, HEADERS, method="GET")
    if request.action == "cancel":
        return EncodedRequest(f"{path}/cancel", {}, HEADERS)
    if request.action == "results":
        return EncodedRequest(f"{path}/results", {}, HEADERS, method="GET", response_format=batch_line_format())
    if request.action == "list":
        question = {"limit": 100, **({"after_id": request.cursor} if request.cursor else {})}
        return EncodedRequest(f"{quirks.path}?{urlencode(question)}", {}, HEADERS, method="GET")
    # Betas that any of the calls needs apply to the whole batch.
    tried = {name: value for name, value in request.call_headers.items() if name == "anthropic-beta"}
    return upload_request(quirks.path, {"requests": [MARK], **call.config.options}, request.lines, {**HEADERS, **tried})


def write_line(key: str, body: Any, path: str) -> Wire:
    return {"custom_id": key, "params": body}


def read_batch(quirks: BatchQuirks, body: Any) -> Iterator[Delta]:
    if "data" in body:
        cursor = body.get("last_id") if body.get("has_more") else None
        yield ResultDelta(BatchPage(jobs=tuple(map(read_job, body["data"] or ())), cursor=cursor))
    else:
        yield ResultDelta(read_job(body))


def read_job(body: Wire) -> BatchJob:
    require(body, "a batch", "processing_status")
    counts = read_object(body, "request_counts")
    data = {name: read_int(counts, name) for name in ("processing", "succeeded", "errored", "canceled", "expired")}
    return BatchJob(
        batch_id=body["id"],
        state=batch_state(body, data),
        total=sum(data.values()),
        succeeded=data["succeeded"],
        failed=data["errored"],
        created_at=read_time(body.get("created_at")),
        expires_at=read_time(body.get("expires_at")),
        raw=body,
    )


def batch_state(body: Wire, counts: Mapping[str, int]) -> BatchState:
    """There is only one end state; the counts show how it ended."""
    match body.get("processing_status"):
        case "canceling":
            return "cancelling"
        case "ended":
            rest = counts["succeeded"] + counts["errored"]
            return "cancelled" if counts["canceled"] else "expired" if counts["expired"] and not rest else "done"
    return "running"


def entry(data: Wire, position: int) -> BatchResult:
    result = data["result"]
    if result["type"] == "succeeded":
        return BatchResult(data["custom_id"], result["message"])
    error = result.get("error") or {"error": {"type": result["type"], "message": f"this call was {result['type']}"}}
    kind = read_object(error, "error").get("type")
    return BatchResult(data["custom_id"], *error_body(error, STATUSES.get(str(kind), 500)))


BATCHES = BatchCodec(
    "anthropic.batches", write_batch, read_batch, read_error, write_line, entry, results_location="address", named=False
)
