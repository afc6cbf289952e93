"""Batches of the fake server, in the dialect of each provider."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .answer import Answer, FakeUsage, HangUp, Raw, Step
from .protocols.openai import ResponsesDialect
from .replies import Refusal

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


LINES = {"content-type": "application/octet-stream"}
PAGE = 100


def default_answer(words: str) -> str:
    """Return the prompt in upper case."""
    return words.upper()


class FakeBatches:
    """A reply for `FakeServer(FakeBatches(), forever=True)`.

    Attributes:
        batches: The submitted batches by id.
        files: Contents of the uploaded files by id.

    Args:
        answer: Returns the response text for the last user text of a call; None rejects the call.
        polls: Number of status requests after which a batch is finished (default 1).
        lost: Number of batches that are created while the connection is closed without a response (default 0).
    """

    def __init__(self, answer: Callable[[str], str | None] = default_answer, *, polls: int = 1, lost: int = 0) -> None:
        self._answer = answer
        self._polls = polls
        self.lost = lost
        self.batches: dict[str, FakeBatch] = {}
        self.files: dict[str, bytes] = {}
        self._lock = threading.Lock()

    @property
    def prompts(self) -> list[str]:
        """The last user text of every submitted call."""
        return [last_user_text(body) for batch in self.batches.values() for body in batch.calls.values()]

    def steps(self, request: Any) -> Iterable[Step]:
        with self._lock:
            path, _, query = request.path.partition("?")
            for pattern, method, answer in ROUTES:
                match = re.search(pattern, path)
                if match and request.method == method:
                    return list(answer(self, request, match.group(1) if match.groups() else query))
        return list(Refusal(404, f"the fake batch provider has no {request.method} {path}").steps(request))

    def _upload(self, request: Any, query: str) -> Iterator[Step]:
        self.files[f"file-{len(self.files) + 1}"] = file_in_form(request.headers["content-type"], request.body)
        yield from entry_reply({"id": f"file-{len(self.files)}", "filename": "batch.jsonl", "bytes": 1}, request)

    def _upload_gemini(self, request: Any, query: str) -> Iterator[Step]:
        if request.headers.get("x-goog-upload-command") == "start":
            yield from Raw(headers={"x-goog-upload-url": "http://fake/upload?upload_id=1"}).steps(request)
            return
        name = f"files/in{len(self.files) + 1}"
        self.files[name] = request.body
        yield from entry_reply({"file": {"name": name, "state": "ACTIVE"}}, request)

    def _create(self, request: Any, query: str) -> Iterator[Step]:
        body = request.json
        dialect = dialect_of(request.path, body)
        made = body.get("batch", body)
        prefix = "batches/b" if dialect is GEMINI else "batch_"
        name = made.get("name") or made.get("displayName") or (made.get("metadata") or {}).get("name")
        batch = FakeBatch(f"{prefix}{len(self.batches) + 1}", dialect, name)
        self.batches[batch.id] = batch
        batch.in_file, entries = self._given(made)
        batch.path = made.get("endpoint") or (entries[0].get("url") if entries else None) or ""
        batch.calls.update(map(keyed_entry, entries))
        if self.lost:
            self.lost -= 1
            yield HangUp()
        yield from entry_reply(dialect.job(batch), request)

    def _given(self, made: Wire) -> tuple[bool, list[Wire]]:
        config = made.get("inputConfig", {})
        file_id = made.get("input_file_id") or config.get("fileName") or next(iter(made.get("input_files") or ()), None)
        if file_id:
            return True, [json.loads(line) for line in self.files[file_id].splitlines() if line]
        return False, made.get("requests") or config.get("requests", {}).get("requests") or []

    def _add(self, request: Any, batch_id: str) -> Iterator[Step]:
        self.batches[batch_id].calls.update(map(keyed_entry, request.json["batch_requests"]))
        yield from Raw(b"null").steps(request)

    def _list(self, request: Any, query: str) -> Iterator[Step]:
        jobs = [batch.dialect.job(batch) for batch in self.batches.values()]
        dialect = next((batch.dialect for batch in self.batches.values()), dialect_of(request.path))
        yield from entry_reply(dialect.page(jobs), request)

    def _get(self, request: Any, batch_id: str) -> Iterator[Step]:
        batch = self.batches[batch_id]
        dialect = batch.dialect
        batch.polls += 1
        batch.over = batch.over or (batch.polls > self._polls and not batch.cancelled)
        job = dialect.job(batch)
        if dialect is GEMINI and batch.over and not batch.in_file:
            entries = list(self._results(batch, dialect))
            job["metadata"]["output"] = {"inlinedResponses": {"inlinedResponses": entries}}
        yield from entry_reply(job, request)

    def _cancel(self, request: Any, batch_id: str) -> Iterator[Step]:
        batch = self.batches[batch_id]
        batch.cancelled = not batch.over
        yield from entry_reply(batch.dialect.job(batch), request)

    def _read(self, request: Any, batch_id: str) -> Iterator[Step]:
        """Send the results as lines, or as pages."""
        batch = self.batches.get(batch_id) or self.batches[f"batches/{batch_id}"]
        dialect = batch.dialect
        if dialect is not XAI:
            lines = b"\n".join(json.dumps(one).encode() for one in self._results(batch, dialect))
            yield from Raw(lines, headers=LINES).steps(request)
            return
        start = int(match.group(1)) if (match := re.search(r"pagination_token=(\d+)", request.path)) else 0
        entries = list(self._results(batch, dialect))
        rest = str(start + PAGE) if start + PAGE < len(entries) else None
        yield from entry_reply({"results": entries[start : start + PAGE], "pagination_token": rest}, request)

    def _results(self, batch: FakeBatch, dialect: BatchDialect) -> Iterator[Wire]:
        """Yield the results in reverse order, because providers guarantee no order."""
        for key, body in reversed(() if batch.cancelled else batch.calls.items()):
            text = self._answer(last_user_text(body))
            yield dialect.refused(key) if text is None else dialect.entry(key, answer_of(batch, text))


def entry_reply(body: Wire, request: Any) -> Iterator[Step]:
    yield from Raw(json.dumps(body).encode()).steps(request)


def dialect_of(path: str, made: Wire | None = None) -> BatchDialect:
    """Return the dialect by path; xAI batches are created with only a name."""
    for part, dialect in (("/batch/jobs", MISTRAL), ("/messages/batches", ANTHROPIC), ("/v1beta/", GEMINI)):
        if part in path:
            return dialect
    return XAI if made is not None and "input_file_id" not in made else OPENAI


def keyed_entry(entry: Wire) -> tuple[str, Wire]:
    key = entry.get("custom_id") or entry.get("key") or entry.get("batch_request_id") or entry["metadata"]["custom_id"]
    body = entry.get("body") or entry.get("params") or entry.get("request") or entry["batch_request"]
    return key, body.get("chat_get_completion", body)


def last_user_text(body: Wire) -> str:
    """Return the last user text."""
    last = (body.get("messages") or body.get("contents") or body["input"])[-1]
    content = last.get("content") or last.get("parts")
    return content if isinstance(content, str) else str(content[-1]["text"])


def file_in_form(kind: str, body: bytes) -> bytes:
    """Return the content of the file in a multipart form."""
    boundary = b"--" + kind.partition("boundary=")[2].encode()
    part = next(part for part in body.split(boundary) if b"filename=" in part)
    return part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")


ROUTES: tuple[tuple[str, str, Callable[..., Iterator[Step]]], ...] = (
    (r"/upload/.*files$", "POST", FakeBatches._upload_gemini),
    (r"/files$", "POST", FakeBatches._upload),
    (r"/files/out-([^/]+)(?:/content|:download)$", "GET", FakeBatches._read),
    (r"/batches/([^/]+)/requests$", "POST", FakeBatches._add),
    (r"/batches/([^/]+)/results$", "GET", FakeBatches._read),
    (r"/(?:jobs|batches)/([^/]+)/cancel$", "POST", FakeBatches._cancel),
    (r"/v1/batches/([^/]+):cancel$", "POST", FakeBatches._cancel),
    (r"/(batches/[^/]+):cancel$", "POST", FakeBatches._cancel),
    (r"/(?:jobs|batches)$|:batchGenerateContent$", "POST", FakeBatches._create),
    (r"/(?:jobs|batches)$", "GET", FakeBatches._list),
    (r"/v1beta/(batches/[^/]+)$", "GET", FakeBatches._get),
    (r"/(?:jobs|batches)/([^/]+)$", "GET", FakeBatches._get),
)
