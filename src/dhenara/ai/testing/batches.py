"""A fake batch provider with the APIs of OpenAI, Anthropic, Gemini, Mistral, Groq and xAI."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .batch_dialects import ANTHROPIC, GEMINI, MISTRAL, OPENAI, XAI, BatchDialect, FakeBatch, Wire, answer_of
from .replies import HangUp, Raw, Refusal, Step

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
