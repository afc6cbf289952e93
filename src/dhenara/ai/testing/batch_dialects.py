"""Batch formats of each protocol, as the fake provider sends them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .answer import Answer, FakeUsage
from .protocols.openai import ResponsesDialect

Wire = dict[str, Any]
CREATED = 1_790_000_000
DAY = "2026-09-21T13:33:20Z"
TOKENS = 10, 5


@dataclass(slots=True)
class FakeBatch:
    """One batch of the fake provider; `calls` are request bodies by key."""

    id: str
    dialect: BatchDialect
    name: str | None = None
    calls: dict[str, Wire] = field(default_factory=dict)
    in_file: bool = False
    polls: int = 0
    over: bool = False
    cancelled: bool = False
    path: str = ""
    """Path that its calls are sent to, if the batch has one."""


@dataclass(frozen=True, slots=True)
class BatchDialect:
    """Builders of a protocol's batch documents.

    `answer` builds a response body, `entry` a result, `refused` the result of a rejected call, `job` and `page` the
    batch and the list of batches.
    """

    answer: Callable[[str], Wire]
    entry: Callable[[str, Wire], Wire]
    refused: Callable[[str], Wire]
    job: Callable[[FakeBatch], Wire]
    page: Callable[[list[Wire]], Wire]


def batch_size(batch: FakeBatch) -> int:
    return len(batch.calls) if batch.over and not batch.cancelled else 0


def chat(text: str) -> Wire:
    usage = {"prompt_tokens": TOKENS[0], "completion_tokens": TOKENS[1], "total_tokens": sum(TOKENS)}
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "chat-1", "object": "chat.completion", "model": "fake-1", "choices": [choice], "usage": usage}


def response(text: str) -> Wire:
    made: Wire = ResponsesDialect().body(Answer(text=text, usage=FakeUsage(input=TOKENS[0], output=TOKENS[1])), {})
    return made


def message(text: str) -> Wire:
    usage = {"input_tokens": TOKENS[0], "output_tokens": TOKENS[1]}
    fields = {"content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "usage": usage}
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": "fake-1", **fields}


def candidate(text: str) -> Wire:
    content = {"parts": [{"text": text}], "role": "model"}
    usage = {"promptTokenCount": TOKENS[0], "candidatesTokenCount": TOKENS[1]}
    return {"candidates": [{"content": content, "finishReason": "STOP"}], "usageMetadata": usage}


def answer_of(batch: FakeBatch, text: str) -> Wire:
    """Return a response body in the protocol of the batch's path."""
    return response(text) if batch.path.endswith("/responses") else batch.dialect.answer(text)


def openai_job(batch: FakeBatch) -> Wire:
    status = "cancelled" if batch.cancelled else "completed" if batch.over else "in_progress"
    counts = {"total": len(batch.calls), "completed": batch_size(batch), "failed": 0}
    files = {"output_file_id": f"out-{batch.id}"} if batch_size(batch) else {}
    job = {"id": batch.id, "status": status, "created_at": CREATED, "request_counts": counts, **files}
    return {**job, "metadata": {"name": batch.name} if batch.name else None}


def mistral_job(batch: FakeBatch) -> Wire:
    status = "CANCELLED" if batch.cancelled else "SUCCESS" if batch.over else "RUNNING"
    counts = {"total_requests": len(batch.calls), "succeeded_requests": batch_size(batch), "failed_requests": 0}
    files = {"output_file": f"out-{batch.id}"} if batch_size(batch) else {}
    job = {"id": batch.id, "status": status, "created_at": CREATED, **counts, **files}
    return {**job, "metadata": {"name": batch.name} if batch.name else None}


def claude_job(batch: FakeBatch) -> Wire:
    names = ("processing", "succeeded", "errored", "canceled", "expired")
    now = "canceled" if batch.cancelled else "succeeded" if batch.over else "processing"
    counts = dict.fromkeys(names, 0) | {now: len(batch.calls)}
    status = "ended" if batch.over or batch.cancelled else "in_progress"
    return {"id": batch.id, "processing_status": status, "request_counts": counts, "created_at": DAY}


def gemini_job(batch: FakeBatch) -> Wire:
    state = "CANCELLED" if batch.cancelled else "SUCCEEDED" if batch.over else "RUNNING"
    stats = {"requestCount": str(len(batch.calls))}
    metadata: Wire = {
        "displayName": batch.name,
        "state": f"BATCH_STATE_{state}",
        "createTime": DAY,
        "batchStats": stats,
    }
    if batch_size(batch) and batch.in_file:
        metadata["output"] = {"responsesFile": f"files/out-{batch.id.removeprefix('batches/')}"}
    return {"name": batch.id, "metadata": metadata}


def xai_job(batch: FakeBatch) -> Wire:
    size, done = len(batch.calls), batch_size(batch)
    pending = 0 if batch.over or batch.cancelled else size
    state = {"num_requests": size, "num_pending": pending, "num_success": done, "num_error": 0}
    job = {"batch_id": batch.id, "name": batch.name, "create_time": DAY, "state": state}
    return {**job, "cancel_time": DAY if batch.cancelled else None}


REFUSED = {"error": {"message": "the fake provider rejects this call", "type": "invalid_request_error"}}


def page_of(jobs: list[Wire]) -> Wire:
    return {"data": jobs, "has_more": False, "total": len(jobs)}


def status_line(key: str, status: int, body: Mapping[str, Any]) -> Wire:
    return {"custom_id": key, "response": {"status_code": status, "body": body}}


def openai_dialect(job: Callable[[FakeBatch], Wire]) -> BatchDialect:
    return BatchDialect(
        chat, lambda key, body: status_line(key, 200, body), lambda key: status_line(key, 400, REFUSED), job, page_of
    )


OPENAI, MISTRAL = openai_dialect(openai_job), openai_dialect(mistral_job)
ANTHROPIC = BatchDialect(
    message,
    lambda key, body: {"custom_id": key, "result": {"type": "succeeded", "message": body}},
    lambda key: {"custom_id": key, "result": {"type": "errored", "error": {"type": "error", **REFUSED}}},
    claude_job,
    page_of,
)
GEMINI = BatchDialect(
    candidate,
    lambda key, body: {"key": key, "metadata": {"custom_id": key}, "response": body},
    lambda key: {"key": key, "metadata": {"custom_id": key}, "error": {"code": 3, "message": "refused"}},
    gemini_job,
    lambda jobs: {"operations": jobs},
)
XAI = BatchDialect(
    chat,
    lambda key, body: {"batch_request_id": key, "batch_result": {"response": {"chat_get_completion": body}}},
    lambda key: {"batch_request_id": key, "batch_result": {"error": REFUSED["error"]}},
    xai_job,
    lambda jobs: {"batches": jobs, "pagination_token": None},
)
