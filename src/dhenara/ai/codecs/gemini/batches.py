"""Gemini batches: small ones are sent in the request with results in the job, large ones use files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from ...types.chat.delta import Delta, ResultDelta
from ...types.config.call import Call
from ...types.operations.batch import BatchJob, BatchPage, BatchRequest, BatchState
from ...types.operations.files import read_time
from ..base import EncodedRequest, ResponseFormat
from ..common.fields import read_int, read_object, require
from ..common.paths import quote_segment
from ..operations.batch import MARK, BatchCodec, BatchQuirks, BatchResult, Wire, error_body, upload_request
from ..operations.operation import DocumentReader, request_of
from .codec import read_error
from .request import full_name, model_path

STATES: dict[str, BatchState] = {
    "SUCCEEDED": "done",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
    "EXPIRED": "expired",
}
# Name prefixes of resources other than batches.
OTHERS = ("files/", "cachedContents/", "fileSearchStores/", "models/")
# HTTP status for gRPC codes.
STATUSES = {3: 400, 5: 404, 7: 403, 8: 429, 13: 500, 14: 503, 16: 401}


def write(call: Call, quirks: BatchQuirks) -> EncodedRequest:
    request = request_of(call, BatchRequest)
    if request.action == "get":
        return EncodedRequest(batch_path(request), {}, method="GET")
    if request.action == "cancel":
        gone = BatchJob(batch_id=request.batch_id or "", state="cancelling")
        return EncodedRequest(
            f"{batch_path(request)}:cancel",
            {},
            response_format=ResponseFormat(DocumentReader(lambda _: iter([ResultDelta(gone)]))),
        )
    if request.action == "list":
        question = {"pageSize": 100, **({"pageToken": request.cursor} if request.cursor else {})}
        return EncodedRequest(f"/batches?{urlencode(question)}", {}, method="GET")
    path = f"/{model_path(call.endpoint.ai_model.model_name)}:batchGenerateContent"
    given = {"fileName": request.file_id} if request.file_id else {"requests": {"requests": [MARK]}}
    body = {"batch": {"displayName": request.name or "dhenara", "inputConfig": given, **call.config.options}}
    return EncodedRequest(path, body, once=True) if request.file_id else upload_request(path, body, request.lines)


def batch_path(request: BatchRequest) -> str:
    """Return the path; names start with their collection."""
    return f"/batches/{quote_segment((request.batch_id or '').removeprefix('batches/'))}"


def write_body(encoded: EncodedRequest, model: str) -> Wire:
    return {**encoded.body, "model": full_name(model)}


def write_line(key: str, body: Any, path: str) -> Wire:
    return {"request": body, "metadata": {"custom_id": key}}


def write_file_line(key: str, body: Any, path: str) -> Wire:
    return {"key": key, "request": body}


def read(quirks: BatchQuirks, body: Any) -> Iterator[Delta]:
    if "name" in body:
        yield ResultDelta(read_job(body))
    else:
        if body:  # an empty page has no body
            require(body, "a page of batches", "operations", "batches", "nextPageToken")
        jobs = tuple(map(read_job, body.get("operations") or body.get("batches") or ()))
        yield ResultDelta(BatchPage(jobs=jobs, cursor=body.get("nextPageToken") or None))


def read_job(body: Wire) -> BatchJob:
    if "/" not in str(body["name"]) or str(body["name"]).startswith(OTHERS):
        raise ValueError("expected a batch, got something else")
    require(body, "a batch", "metadata", "done")
    data = read_object(body, "metadata")
    counts = read_object(data, "batchStats")
    state = str(data.get("state", "")).removeprefix("BATCH_STATE_").removeprefix("JOB_STATE_")
    return BatchJob(
        batch_id=body["name"],
        state=STATES.get(state, "running"),
        total=whole_number(counts, "requestCount"),
        succeeded=whole_number(counts, "successfulRequestCount"),
        failed=whole_number(counts, "failedRequestCount"),
        created_at=read_time(data.get("createTime")),
        files=tuple(
            dict.fromkeys(place["responsesFile"] for place in output_fields(body) if place.get("responsesFile"))
        ),
        reason=read_object(body, "error").get("message"),
        name=data.get("displayName"),
        raw=body,
    )


def whole_number(counts: Wire, name: str) -> int:
    """Read a 64-bit number, which Google sends as a string."""
    match = counts.get(name)
    return int(match) if isinstance(match, str) and match.isdecimal() and len(match) < 20 else read_int(counts, name)


def output_fields(raw: Wire) -> tuple[Mapping[str, Any], ...]:
    """Return the fields that may contain results; both have been used."""
    return read_object(raw, "response"), read_object(read_object(raw, "metadata"), "output")


def inline_results(raw: Wire) -> list[Wire]:
    """Return the results inside the job."""
    for place in output_fields(raw):
        match = read_object(place, "inlinedResponses").get("inlinedResponses")
        if match:
            return list(match)
    return []


def entry(data: Wire, position: int) -> BatchResult:
    key = str(data.get("key") or read_object(data, "metadata").get("custom_id", position))
    refused = data.get("error") or data.get("status")
    if refused:
        code = refused.get("code") if isinstance(refused, dict) else None
        return BatchResult(key, *error_body({"error": refused}, STATUSES.get(code or 0, 500)))
    return BatchResult(key, data["response"])


CODEC = BatchCodec(
    "gemini.batches",
    write,
    read,
    read_error,
    write_line,
    entry,
    results_location="inside",
    body=write_body,
    filed=write_file_line,
    inside=inline_results,
)
