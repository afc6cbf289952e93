"""Batches of OpenAI and compatible hosts, of Mistral, and of xAI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from ...types.chat.delta import Delta, ResultDelta
from ...types.config.call import Call
from ...types.operations.batch import BatchJob, BatchPage, BatchRequest, BatchState
from ...types.operations.files import read_time
from ..base import EncodedRequest, ResponseFormat
from ..common.request import quote_segment
from ..common.response_fields import Wire, read_int, read_object, require
from ..error_mapping import protocol_of
from ..openai_chat.response import read_error
from ..operations.batches import MARK, BatchCodec, BatchResult, error_body, upload_request
from ..operations.operation import DocumentReader, request_of
from ..operations.quirks import BatchQuirks

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


def write_openai_batch(call: Call, quirks: BatchQuirks) -> EncodedRequest:
    request = request_of(call, BatchRequest)
    if request.action == "list":
        query = {"limit": 100, **({"after": request.cursor} if request.cursor else {})}
        return EncodedRequest(f"{quirks.path}?{urlencode(query)}", {}, method="GET")
    if request.action in ("get", "cancel"):
        return batch_request(request, quirks)
    body = {
        "input_file_id": request.file_id,
        "endpoint": f"/v1{request.path}",
        "completion_window": "24h",
        **batch_name_fields(request),
        **call.config.options,
    }
    return EncodedRequest(quirks.path, body, no_replay=True)


def write_openai_line(key: str, body: Any, path: str) -> Wire:
    return {"custom_id": key, "method": "POST", "url": f"/v1{path}", "body": body}


def read_openai_batch(quirks: BatchQuirks, body: Any) -> Iterator[Delta]:
    if "data" in body:
        jobs = tuple(map(read_openai_job, body["data"] or ()))
        more = body.get("has_more") and jobs
        yield ResultDelta(BatchPage(jobs=jobs, cursor=jobs[-1].batch_id if more else None))
    else:
        yield ResultDelta(read_openai_job(body))


def read_openai_job(body: Wire) -> BatchJob:
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


def openai_entry(data: Wire, position: int) -> BatchResult:
    key, response = data["custom_id"], data.get("response") or {}
    status = response.get("status_code") or 200
    if data.get("error"):
        return BatchResult(key, *error_body({"error": data["error"]}, status))
    return BatchResult(key, response.get("body"), status)


BATCHES = BatchCodec(
    "openai_rest.batches", write_openai_batch, read_openai_batch, read_error, write_openai_line, openai_entry
)


MISTRAL_STATES: dict[str, BatchState] = {
    "SUCCESS": "done",
    "FAILED": "failed",
    "TIMEOUT_EXCEEDED": "expired",
    "CANCELLATION_REQUESTED": "cancelling",
    "CANCELLED": "cancelled",
}
PAGE = 100


def write_mistral_batch(call: Call, quirks: BatchQuirks) -> EncodedRequest:
    request = request_of(call, BatchRequest)
    if request.action == "list":
        query = {"page_size": PAGE, "page": request.cursor or "0"}
        return EncodedRequest(f"{quirks.path}?{urlencode(query)}", {}, method="GET")
    if request.action in ("get", "cancel"):
        return batch_request(request, quirks)
    body = {"model": call.endpoint.ai_model.model_name, "endpoint": f"/v1{request.path}", **batch_name_fields(request)}
    if request.file_id is not None:
        return EncodedRequest(
            quirks.path, {**body, "input_files": [request.file_id], **call.config.options}, no_replay=True
        )
    return upload_request(quirks.path, {**body, "requests": [MARK], **call.config.options}, request.lines)


def write_body(encoded: EncodedRequest, model: str) -> Wire:
    # The model is that of the whole job.
    return {name: value for name, value in encoded.body.items() if name != "model"}


def write_mistral_line(key: str, body: Any, path: str) -> Wire:
    return {"custom_id": key, "body": body}


def read_mistral_batch(quirks: BatchQuirks, body: Any) -> Iterator[Delta]:
    if "id" not in body and "total" in body:
        yield ResultDelta(BatchPage(jobs=tuple(map(read_mistral_job, body.get("data") or ()))))
    else:
        yield ResultDelta(read_mistral_job(body))


def read_mistral_job(body: Wire) -> BatchJob:
    require(body, "a batch", "status")
    if body.get("object") not in (None, "batch") or protocol_of(body) is not None:
        raise ValueError("expected a batch, got something else")
    return BatchJob(
        batch_id=body["id"],
        state=MISTRAL_STATES.get(str(body.get("status")), "running"),
        total=read_int(body, "total_requests"),
        succeeded=read_int(body, "succeeded_requests"),
        failed=read_int(body, "failed_requests"),
        created_at=read_time(body.get("created_at")),
        files=tuple(filter(None, (body.get("output_file"), body.get("error_file")))),
        reason="; ".join(str(one.get("message")) for one in body.get("errors") or ()) or None,
        name=read_object(body, "metadata").get(NAME),
        raw=body,
    )


MISTRAL_BATCHES = BatchCodec(
    "openai_rest.mistral_batches",
    write_mistral_batch,
    read_mistral_batch,
    read_error,
    write_mistral_line,
    openai_entry,
    body=write_body,
)


CHAT = "chat_get_completion"
DEFAULT_NAME = "dhenara"


def write_xai_batch(call: Call, quirks: BatchQuirks) -> EncodedRequest:
    request = request_of(call, BatchRequest)
    address = f"{quirks.path}/{quote_segment(request.batch_id)}" if request.batch_id is not None else quirks.path
    page = {"limit": PAGE, **({"pagination_token": request.cursor} if request.cursor else {})}
    match request.action:
        case "get":
            return EncodedRequest(address, {}, method="GET")
        case "cancel":
            return EncodedRequest(f"{address}:cancel", {})
        case "list":
            return EncodedRequest(f"{quirks.path}?{urlencode(page)}", {}, method="GET")
        case "results":
            return EncodedRequest(f"{address}/results?{urlencode(page)}", {}, method="GET")
        case "add":
            response_format = ResponseFormat(DocumentReader(lambda _: iter([ResultDelta(BatchPage())])))
            return replace(
                upload_request(f"{address}/requests", {"batch_requests": [MARK]}, request.lines),
                response_format=response_format,
            )
    return EncodedRequest(quirks.path, {"name": request.name or DEFAULT_NAME, **call.config.options})


def write_xai_line(key: str, body: Any, path: str) -> Wire:
    return {"batch_request_id": key, "batch_request": {CHAT: body}}


def read_xai_batch(quirks: BatchQuirks, body: Any) -> Iterator[Delta]:
    cursor = body.get("pagination_token") or None
    if "batches" in body:
        yield ResultDelta(BatchPage(jobs=tuple(map(read_xai_job, body["batches"] or ())), cursor=cursor))
    elif "results" in body:
        for one in body["results"] or ():
            require(one, "a result of a batch", "batch_request_id")
        yield ResultDelta(BatchPage(lines=tuple(body["results"] or ()), cursor=cursor))
    else:
        yield ResultDelta(read_xai_job(body))


def read_xai_job(body: Wire) -> BatchJob:
    counts = read_object(body, "state")
    require(body, "a batch", "state")
    return BatchJob(
        batch_id=body["batch_id"],
        state=batch_state(body, counts),
        total=read_int(counts, "num_requests"),
        succeeded=read_int(counts, "num_success"),
        failed=read_int(counts, "num_error"),
        created_at=read_time(body.get("create_time")),
        expires_at=read_time(body.get("expire_time")),
        reason=body.get("cancel_by_xai_message"),
        name=body.get("name"),
        raw=body,
    )


def batch_state(body: Wire, counts: Mapping[str, Any]) -> BatchState:
    """Return the state; an empty batch waits for calls, a full one is done when nothing is pending."""
    cancel_requested = body.get("cancel_time") or body.get("cancel_by_xai_message")
    if read_int(counts, "num_pending"):
        return "cancelling" if cancel_requested else "running"
    if cancel_requested:
        return "cancelled"
    return "done" if read_int(counts, "num_requests") else "running"


def xai_entry(data: Wire, position: int) -> BatchResult:
    key, result = str(data["batch_request_id"]), read_object(data, "batch_result")
    answer = read_object(result, "response").get(CHAT)
    if answer is not None:
        return BatchResult(key, answer)
    text = result.get("error") or data.get("error_message") or "this call was not answered"
    return BatchResult(key, *error_body({"error": text if isinstance(text, dict) else {"message": str(text)}}))


XAI_BATCHES = BatchCodec(
    "openai_rest.xai_batches",
    write_xai_batch,
    read_xai_batch,
    read_error,
    write_xai_line,
    xai_entry,
    results_location="pages",
    filled_after_creation=True,
    answers_in="openai_chat",
)
