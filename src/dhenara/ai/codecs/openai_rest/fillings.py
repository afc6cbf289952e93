"""Batches as xAI runs them: made empty under a name, filled in several requests, and read page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from ...dataclass import replace
from ...types.batch import BatchJob, BatchPage, BatchRequest, BatchState
from ...types.call import Call
from ...types.delta import Delta, Made
from ...types.uploaded_file import read_time
from ..base import Outgoing, Reading
from ..batch_quirks import BatchQuirks
from ..batching import MARK, BatchCodec, Entry, Wire, failed, sent
from ..counts import number, section
from ..openai_chat.codec import read_error
from ..operation import Document, request_of
from ..paths import quote_segment
from ..told import require

CHAT = "chat_get_completion"
USUAL_NAME = "dhenara"
PAGE = 100


def write(call: Call, quirks: BatchQuirks) -> Outgoing:
    request = request_of(call, BatchRequest)
    address = f"{quirks.path}/{quote_segment(request.batch_id)}" if request.batch_id is not None else quirks.path
    page = {"limit": PAGE, **({"pagination_token": request.cursor} if request.cursor else {})}
    match request.action:
        case "get":
            return Outgoing(address, {}, method="GET")
        case "cancel":
            return Outgoing(f"{address}:cancel", {})
        case "list":
            return Outgoing(f"{quirks.path}?{urlencode(page)}", {}, method="GET")
        case "results":
            return Outgoing(f"{address}/results?{urlencode(page)}", {}, method="GET")
        case "add":
            reading = Reading(Document(lambda _: iter([Made(BatchPage())])))
            return replace(sent(f"{address}/requests", {"batch_requests": [MARK]}, request.lines), reading=reading)
    return Outgoing(quirks.path, {"name": request.name or USUAL_NAME, **call.config.options})


def write_line(key: str, body: Any, path: str) -> Wire:
    return {"batch_request_id": key, "batch_request": {CHAT: body}}


def read(quirks: BatchQuirks, body: Any) -> Iterator[Delta]:
    cursor = body.get("pagination_token") or None
    if "batches" in body:
        yield Made(BatchPage(jobs=tuple(map(read_job, body["batches"] or ())), cursor=cursor))
    elif "results" in body:
        for one in body["results"] or ():
            require(one, "a result of a batch", "batch_request_id")
        yield Made(BatchPage(lines=tuple(body["results"] or ()), cursor=cursor))
    else:
        yield Made(read_job(body))


def read_job(body: Wire) -> BatchJob:
    counts = section(body, "state")
    require(body, "a batch", "state")
    return BatchJob(
        batch_id=body["batch_id"],
        state=state(body, counts),
        total=number(counts, "num_requests"),
        succeeded=number(counts, "num_success"),
        failed=number(counts, "num_error"),
        created_at=read_time(body.get("create_time")),
        expires_at=read_time(body.get("expire_time")),
        reason=body.get("cancel_by_xai_message"),
        name=body.get("name"),
        raw=body,
    )


def state(body: Wire, counts: Mapping[str, Any]) -> BatchState:
    """An empty batch waits to be filled; a full one is over when nothing in it is pending."""
    gone = body.get("cancel_time") or body.get("cancel_by_xai_message")
    if number(counts, "num_pending"):
        return "cancelling" if gone else "running"
    if gone:
        return "cancelled"
    return "done" if number(counts, "num_requests") else "running"


def entry(told: Wire, position: int) -> Entry:
    key, result = str(told["batch_request_id"]), section(told, "batch_result")
    answer = section(result, "response").get(CHAT)
    if answer is not None:
        return Entry(key, answer)
    said = result.get("error") or told.get("error_message") or "this call was not answered"
    return Entry(key, *failed({"error": said if isinstance(said, dict) else {"message": str(said)}}))


CODEC = BatchCodec(
    "openai_rest.fillings",
    write,
    read,
    read_error,
    write_line,
    entry,
    kept="pages",
    fills=True,
    answers_in="openai_chat",
)
