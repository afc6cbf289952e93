"""Batches as Gemini runs them: few calls in the request and answers in what is told of it, many in files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from ...types.batch import BatchJob, BatchPage, BatchRequest, BatchState
from ...types.call import Call
from ...types.delta import Delta, Made
from ...types.uploaded_file import read_time
from ..base import Outgoing, Reading
from ..batch_quirks import BatchQuirks
from ..batching import MARK, BatchCodec, Entry, Wire, failed, sent
from ..counts import number, section
from ..operation import Document, request_of
from ..paths import quote_segment
from ..told import require
from .codec import read_error
from .naming import full_name, model_path

STATES: dict[str, BatchState] = {
    "SUCCEEDED": "done",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
    "EXPIRED": "expired",
}
# Names of what is kept beside batches.
OTHERS = ("files/", "cachedContents/", "fileSearchStores/", "models/")
# gRPC's numbers, as HTTP says them.
STATUSES = {3: 400, 5: 404, 7: 403, 8: 429, 13: 500, 14: 503, 16: 401}


def write(call: Call, quirks: BatchQuirks) -> Outgoing:
    request = request_of(call, BatchRequest)
    if request.action == "get":
        return Outgoing(batch_path(request), {}, method="GET")
    if request.action == "cancel":
        gone = BatchJob(batch_id=request.batch_id or "", state="cancelling")
        return Outgoing(f"{batch_path(request)}:cancel", {}, reading=Reading(Document(lambda _: iter([Made(gone)]))))
    if request.action == "list":
        asked = {"pageSize": 100, **({"pageToken": request.cursor} if request.cursor else {})}
        return Outgoing(f"/batches?{urlencode(asked)}", {}, method="GET")
    path = f"/{model_path(call.endpoint.ai_model.model_name)}:batchGenerateContent"
    given = {"fileName": request.file_id} if request.file_id else {"requests": {"requests": [MARK]}}
    body = {"batch": {"displayName": request.name or "dhenara", "inputConfig": given, **call.config.options}}
    return Outgoing(path, body, once=True) if request.file_id else sent(path, body, request.lines)


def batch_path(request: BatchRequest) -> str:
    """Names begin with their collection."""
    return f"/batches/{quote_segment((request.batch_id or '').removeprefix('batches/'))}"


def write_body(outgoing: Outgoing, model: str) -> Wire:
    return {**outgoing.body, "model": full_name(model)}


def write_line(key: str, body: Any, path: str) -> Wire:
    return {"request": body, "metadata": {"custom_id": key}}


def write_filed(key: str, body: Any, path: str) -> Wire:
    return {"key": key, "request": body}


def read(quirks: BatchQuirks, body: Any) -> Iterator[Delta]:
    if "name" in body:
        yield Made(read_job(body))
    else:
        if body:  # a page without entries is empty
            require(body, "a page of batches", "operations", "batches", "nextPageToken")
        jobs = tuple(map(read_job, body.get("operations") or body.get("batches") or ()))
        yield Made(BatchPage(jobs=jobs, cursor=body.get("nextPageToken") or None))


def read_job(body: Wire) -> BatchJob:
    if "/" not in str(body["name"]) or str(body["name"]).startswith(OTHERS):
        raise ValueError("this is something else than a batch")
    require(body, "a batch", "metadata", "done")
    told = section(body, "metadata")
    counts = section(told, "batchStats")
    state = str(told.get("state", "")).removeprefix("BATCH_STATE_").removeprefix("JOB_STATE_")
    return BatchJob(
        batch_id=body["name"],
        state=STATES.get(state, "running"),
        total=whole_number(counts, "requestCount"),
        succeeded=whole_number(counts, "successfulRequestCount"),
        failed=whole_number(counts, "failedRequestCount"),
        created_at=read_time(told.get("createTime")),
        files=tuple(dict.fromkeys(place["responsesFile"] for place in outputs(body) if place.get("responsesFile"))),
        reason=section(body, "error").get("message"),
        name=told.get("displayName"),
        raw=body,
    )


def whole_number(counts: Wire, name: str) -> int:
    """64-bit numbers are texts in Google's JSON."""
    found = counts.get(name)
    return int(found) if isinstance(found, str) and found.isdecimal() and len(found) < 20 else number(counts, name)


def outputs(raw: Wire) -> tuple[Mapping[str, Any], ...]:
    """Where results are told: it has been in both places."""
    return section(raw, "response"), section(section(raw, "metadata"), "output")


def inside(raw: Wire) -> list[Wire]:
    """The results in what was told last."""
    for place in outputs(raw):
        found = section(place, "inlinedResponses").get("inlinedResponses")
        if found:
            return list(found)
    return []


def entry(told: Wire, position: int) -> Entry:
    key = str(told.get("key") or section(told, "metadata").get("custom_id", position))
    refused = told.get("error") or told.get("status")
    if refused:
        code = refused.get("code") if isinstance(refused, dict) else None
        return Entry(key, *failed({"error": refused}, STATUSES.get(code or 0, 500)))
    return Entry(key, told["response"])


CODEC = BatchCodec(
    "gemini.batches",
    write,
    read,
    read_error,
    write_line,
    entry,
    kept="inside",
    body=write_body,
    filed=write_filed,
    inside=inside,
)
