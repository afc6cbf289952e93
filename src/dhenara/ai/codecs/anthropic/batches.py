"""Batches as Anthropic runs them: calls in the request, answers at an address of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...types.batch import BatchJob, BatchRequest, BatchState
from ...types.call import Call
from ...types.delta import Delta, Made
from ...types.uploaded_file import FileBytes, read_time
from ..base import Blob, Outgoing, Reading
from ..batching import BatchCodec, BatchQuirks, Entry, Wire, failed
from ..counts import number, section
from ..operation import Document, request_of
from .codec import read_error

HEADERS = {"anthropic-version": "2023-06-01"}
STATUSES = {"invalid_request_error": 400, "authentication_error": 401, "permission_error": 403, "not_found_error": 404}
STATUSES |= {"request_too_large": 413, "rate_limit_error": 429, "api_error": 500, "overloaded_error": 529}


def write(call: Call, quirks: BatchQuirks) -> Outgoing:
    request = request_of(call, BatchRequest)
    path = f"{quirks.path}/{request.batch_id}"
    if request.action == "get":
        return Outgoing(path, {}, HEADERS, method="GET")
    if request.action == "cancel":
        return Outgoing(f"{path}/cancel", {}, HEADERS)
    if request.action == "results":
        reading = Reading(Document(read_lines), body="blob")
        return Outgoing(f"{path}/results", {}, HEADERS, method="GET", reading=reading)
    model = call.endpoint.ai_model.model_name
    lines = [line(index, one, model) for index, one in enumerate(request.requests)]
    return Outgoing(quirks.path, {"requests": lines, **call.config.options}, {**HEADERS, **betas(request.requests)})


def betas(requests: Any) -> Mapping[str, str]:
    """What any of the calls has to try out, all of them may."""
    said = [one.headers.get("anthropic-beta") for one in requests]
    names = list(dict.fromkeys(name for one in said if one for name in one.split(",")))
    return {"anthropic-beta": ",".join(names)} if names else {}


def line(index: int, outgoing: Any, model: str) -> Wire:
    return {"custom_id": str(index), "params": outgoing.body}


def read(quirks: BatchQuirks, body: Any) -> Iterator[Delta]:
    counts = section(body, "request_counts")
    told = {name: number(counts, name) for name in ("processing", "succeeded", "errored", "canceled", "expired")}
    yield Made(
        BatchJob(
            batch_id=body["id"],
            state=state(body, told),
            total=sum(told.values()),
            succeeded=told["succeeded"],
            failed=told["errored"],
            created_at=read_time(body.get("created_at")),
            expires_at=read_time(body.get("expires_at")),
            raw=body,
        )
    )


def state(body: Wire, counts: Mapping[str, int]) -> BatchState:
    """It ends in one way; how, the counts tell."""
    match body.get("processing_status"):
        case "canceling":
            return "cancelling"
        case "ended":
            rest = counts["succeeded"] + counts["errored"]
            return "cancelled" if counts["canceled"] else "expired" if counts["expired"] and not rest else "done"
    return "running"


def read_lines(body: Any) -> Iterator[Delta]:
    if not isinstance(body, Blob):
        raise ValueError("the results of a batch were asked for, and something else came")
    yield Made(FileBytes(data=body.data))


def entry(told: Wire, position: int) -> Entry:
    result = told["result"]
    if result["type"] == "succeeded":
        return Entry(told["custom_id"], result["message"])
    error = result.get("error") or {"error": {"type": result["type"], "message": f"this call was {result['type']}"}}
    kind = section(error, "error").get("type")
    return Entry(told["custom_id"], *failed(error, STATUSES.get(str(kind), 500)))


CODEC = BatchCodec("anthropic.batches", write, read, read_error, line, entry, "inline", "address")
