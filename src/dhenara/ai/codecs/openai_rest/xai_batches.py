"""xAI batches: created empty with a name, filled in several requests, and read page by page."""

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
from ..common.fields import read_int, read_object, require
from ..common.paths import quote_segment
from ..openai_chat.codec import read_error
from ..operations.batch import MARK, BatchCodec, BatchQuirks, BatchResult, Wire, error_body, upload_request
from ..operations.operation import DocumentReader, request_of

CHAT = "chat_get_completion"
USUAL_NAME = "dhenara"
PAGE = 100


def write(call: Call, quirks: BatchQuirks) -> EncodedRequest:
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
    return EncodedRequest(quirks.path, {"name": request.name or USUAL_NAME, **call.config.options})


def write_line(key: str, body: Any, path: str) -> Wire:
    return {"batch_request_id": key, "batch_request": {CHAT: body}}


def read(quirks: BatchQuirks, body: Any) -> Iterator[Delta]:
    cursor = body.get("pagination_token") or None
    if "batches" in body:
        yield ResultDelta(BatchPage(jobs=tuple(map(read_job, body["batches"] or ())), cursor=cursor))
    elif "results" in body:
        for one in body["results"] or ():
            require(one, "a result of a batch", "batch_request_id")
        yield ResultDelta(BatchPage(lines=tuple(body["results"] or ()), cursor=cursor))
    else:
        yield ResultDelta(read_job(body))


def read_job(body: Wire) -> BatchJob:
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
    gone = body.get("cancel_time") or body.get("cancel_by_xai_message")
    if read_int(counts, "num_pending"):
        return "cancelling" if gone else "running"
    if gone:
        return "cancelled"
    return "done" if read_int(counts, "num_requests") else "running"


def entry(data: Wire, position: int) -> BatchResult:
    key, result = str(data["batch_request_id"]), read_object(data, "batch_result")
    answer = read_object(result, "response").get(CHAT)
    if answer is not None:
        return BatchResult(key, answer)
    text = result.get("error") or data.get("error_message") or "this call was not answered"
    return BatchResult(key, *error_body({"error": text if isinstance(text, dict) else {"message": str(text)}}))


CODEC = BatchCodec(
    "openai_rest.xai_batches",
    write,
    read,
    read_error,
    write_line,
    entry,
    results_location="pages",
    fills=True,
    answers_in="openai_chat",
)
