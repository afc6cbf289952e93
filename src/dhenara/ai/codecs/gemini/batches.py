"""Batches and files of the Gemini API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from ...errors import ConfigurationError
from ...types.chat.delta import Delta, ResultDelta
from ...types.config.call import Call
from ...types.operations.batch import BatchJob, BatchPage, BatchRequest, BatchState
from ...types.operations.files import (
    FileDeleted,
    FilePage,
    FileRequest,
    FileState,
    UploadAddress,
    UploadedFile,
    read_time,
)
from ..base import BinaryBody, EncodedRequest, ResponseFormat
from ..common.plan import WarningCollector
from ..common.request import quote_segment
from ..common.response_fields import Wire, read_int, read_object, require
from ..operations.batches import (
    MARK,
    BatchCodec,
    BatchResult,
    batch_line_format,
    download_format,
    error_body,
    upload_request,
)
from ..operations.operation import DocumentReader, OperationCodec, request_of
from ..operations.quirks import BatchQuirks, FileQuirks
from .codec import full_name, model_path
from .response import read_error

BATCH_STATES: dict[str, BatchState] = {
    "SUCCEEDED": "done",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
    "EXPIRED": "expired",
}
# Name prefixes of resources other than batches.
OTHERS = ("files/", "cachedContents/", "fileSearchStores/", "models/")
# HTTP status for gRPC codes.
STATUSES = {3: 400, 5: 404, 7: 403, 8: 429, 13: 500, 14: 503, 16: 401}


def write_batch(call: Call, quirks: BatchQuirks) -> EncodedRequest:
    request = request_of(call, BatchRequest)
    if request.action == "get":
        return EncodedRequest(batch_path(request), {}, method="GET")
    if request.action == "cancel":
        cancelling_job = BatchJob(batch_id=request.batch_id or "", state="cancelling")
        return EncodedRequest(
            f"{batch_path(request)}:cancel",
            {},
            response_format=ResponseFormat(DocumentReader(lambda _: iter([ResultDelta(cancelling_job)]))),
        )
    if request.action == "list":
        question = {"pageSize": 100, **({"pageToken": request.cursor} if request.cursor else {})}
        return EncodedRequest(f"/batches?{urlencode(question)}", {}, method="GET")
    path = f"/{model_path(call.endpoint.ai_model.model_name)}:batchGenerateContent"
    given = {"fileName": request.file_id} if request.file_id else {"requests": {"requests": [MARK]}}
    body = {"batch": {"displayName": request.name or "dhenara", "inputConfig": given, **call.config.options}}
    return EncodedRequest(path, body, no_replay=True) if request.file_id else upload_request(path, body, request.lines)


def batch_path(request: BatchRequest) -> str:
    """Return the path; names start with their collection."""
    return f"/batches/{quote_segment((request.batch_id or '').removeprefix('batches/'))}"


def write_body(encoded: EncodedRequest, model: str) -> Wire:
    return {**encoded.body, "model": full_name(model)}


def write_line(key: str, body: Any, path: str) -> Wire:
    return {"request": body, "metadata": {"custom_id": key}}


def write_file_line(key: str, body: Any, path: str) -> Wire:
    return {"key": key, "request": body}


def read_batch(quirks: BatchQuirks, body: Any) -> Iterator[Delta]:
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
        state=BATCH_STATES.get(state, "running"),
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
    value = counts.get(name)
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 20 else read_int(counts, name)


def output_fields(raw: Wire) -> tuple[Mapping[str, Any], ...]:
    """Return the fields that may contain results; both have been used."""
    return read_object(raw, "response"), read_object(read_object(raw, "metadata"), "output")


def inline_results(raw: Wire) -> list[Wire]:
    """Return the results inside the job."""
    for place in output_fields(raw):
        results = read_object(place, "inlinedResponses").get("inlinedResponses")
        if results:
            return list(results)
    return []


def entry(data: Wire, position: int) -> BatchResult:
    key = str(data.get("key") or read_object(data, "metadata").get("custom_id", position))
    refused = data.get("error") or data.get("status")
    if refused:
        code = refused.get("code") if isinstance(refused, dict) else None
        return BatchResult(key, *error_body({"error": refused}, STATUSES.get(code or 0, 500)))
    return BatchResult(key, data["response"])


BATCHES = BatchCodec(
    "gemini.batches",
    write_batch,
    read_batch,
    read_error,
    write_line,
    entry,
    results_location="inside",
    body=write_body,
    filed=write_file_line,
    inside=inline_results,
)


FILE_STATES: dict[str, FileState] = {"PROCESSING": "processing", "FAILED": "failed"}


def write_files(call: Call, quirks: FileQuirks) -> EncodedRequest:
    request = request_of(call, FileRequest)
    match request.action:
        case "begin":
            return write_begin(call, request)
        case "upload":
            how = {"x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0"}
            return EncodedRequest(f"/files?{request.cursor}", {}, how, payload=request.content, path_prefix="upload")
        case "list":
            question = {"pageSize": quirks.page_size, **({"pageToken": request.cursor} if request.cursor else {})}
            return EncodedRequest(f"/files?{urlencode(question)}", {}, method="GET")
        case "get":
            return EncodedRequest(f"/{name_of(request)}", {}, method="GET")
        case "delete":
            response_format = ResponseFormat(
                DocumentReader(lambda _: iter([ResultDelta(FileDeleted(file_id=name_of(request)))])), body="blob"
            )
            return EncodedRequest(f"/{name_of(request)}", {}, method="DELETE", response_format=response_format)
    response_format = batch_line_format() if request.action == "lines" else download_format(call)
    return EncodedRequest(f"/{name_of(request)}:download?alt=media", {}, method="GET", response_format=response_format)


def write_begin(call: Call, request: FileRequest) -> EncodedRequest:
    warnings = WarningCollector(str(call.endpoint.api.provider))
    if request.expires_in is not None:
        warnings.unsupported("expires_in", "files are kept for two days")
    if request.purpose is not None:
        warnings.unsupported("purpose")
    headers = {
        "x-goog-upload-protocol": "resumable",
        "x-goog-upload-command": "start",
        "x-goog-upload-header-content-length": str(request.size),
        "x-goog-upload-header-content-type": request.mime_type,
    }
    body = {"file": {"display_name": request.name, **call.config.options}}
    response_format = ResponseFormat(DocumentReader(read_address), body="blob")
    return EncodedRequest(
        "/files", body, headers, warnings.all(), response_format=response_format, path_prefix="upload"
    )


def name_of(request: FileRequest) -> str:
    """Return the name with its collection; of a full URL, the last part."""
    given = request.file_id or ""
    name = given[given.find("files/") :] if "files/" in given else f"files/{given}"
    if not name.removeprefix("files/").replace("-", "").replace("_", "").isalnum():
        raise ConfigurationError(f"{given!r} is not a Gemini file. Pass a name such as files/…")
    return name


def read_address(body: Any) -> Iterator[Delta]:
    if not isinstance(body, BinaryBody):
        raise ValueError("expected an upload URL, got something else")
    # Use only the query of the URL, so that the key is sent to the configured host.
    yield ResultDelta(UploadAddress(query=urlsplit(body.head.headers["x-goog-upload-url"]).query))


def read_files(quirks: FileQuirks, body: Any) -> Iterator[Delta]:
    if "name" in body or "file" in body:
        yield ResultDelta(read_file(body.get("file") or body))
    else:
        if body:  # an empty page has no body
            require(body, "a page of files", "files", "nextPageToken")
        files = [read_file(one) for one in body.get("files") or ()]
        yield ResultDelta(FilePage(files=files, cursor=body.get("nextPageToken") or None))


def read_file(data: dict[str, Any]) -> UploadedFile:
    if not str(data["name"]).startswith("files/"):
        raise ValueError("expected a file, got something else")
    size = data.get("sizeBytes")
    return UploadedFile(
        file_id=data["name"],
        name=data.get("displayName"),
        size=None if size is None else int(size),
        mime_type=data.get("mimeType"),
        state=FILE_STATES.get(str(data.get("state")), "ready"),
        created_at=read_time(data.get("createTime")),
        expires_at=read_time(data.get("expirationTime")),
        url=data.get("uri"),
        raw=data,
    )


FILES = OperationCodec("gemini.files", write_files, read_files, read_error)
