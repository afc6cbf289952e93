"""A fake provider of batches: it takes calls as OpenAI, Anthropic, Gemini, Mistral, Groq or xAI do, and answers."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .batch_dialects import ANTHROPIC, GEMINI, MISTRAL, OPENAI, XAI, BatchDialect, FakeBatch, Wire, answer_of
from .replies import Raw, Refusal
from .steps import HangUp, Step

LINES = {"content-type": "application/octet-stream"}
PAGE = 100


def shout(words: str) -> str:
    """The usual answer."""
    return words.upper()


class FakeBatches:
    """A reply for `FakeServer(FakeBatches(), forever=True)`.

    `answer` makes an answer out of the last words of a call; None is a refusal of that call. A batch is over when it
    was asked about `polls` times. The next `lost` batches are made, and nobody is told: the line breaks.
    """

    def __init__(self, answer: Callable[[str], str | None] = shout, *, polls: int = 1, lost: int = 0) -> None:
        self._answer = answer
        self._polls = polls
        self.lost = lost
        self.batches: dict[str, FakeBatch] = {}
        self.files: dict[str, bytes] = {}
        self._lock = threading.Lock()

    @property
    def asked(self) -> list[str]:
        """The last words of every call that was ever handed over."""
        return [last_words(body) for batch in self.batches.values() for body in batch.calls.values()]

    def steps(self, asked: Any) -> Iterable[Step]:
        with self._lock:
            path, _, query = asked.path.partition("?")
            for pattern, method, answer in ROUTES:
                found = re.search(pattern, path)
                if found and asked.method == method:
                    return list(answer(self, asked, found.group(1) if found.groups() else query))
        return list(Refusal(404, f"the fake provider of batches knows no {asked.method} {path}").steps(asked))

    def _upload(self, asked: Any, query: str) -> Iterator[Step]:
        self.files[f"file-{len(self.files) + 1}"] = form_file(asked.headers["content-type"], asked.body)
        yield from told({"id": f"file-{len(self.files)}", "filename": "batch.jsonl", "bytes": 1}, asked)

    def _upload_gemini(self, asked: Any, query: str) -> Iterator[Step]:
        if asked.headers.get("x-goog-upload-command") == "start":
            yield from Raw(headers={"x-goog-upload-url": "http://fake/upload?upload_id=1"}).steps(asked)
            return
        name = f"files/in{len(self.files) + 1}"
        self.files[name] = asked.body
        yield from told({"file": {"name": name, "state": "ACTIVE"}}, asked)

    def _create(self, asked: Any, query: str) -> Iterator[Step]:
        body = asked.json
        dialect = dialect_of(asked.path, body)
        made = body.get("batch", body)
        prefix = "batches/b" if dialect is GEMINI else "batch_"
        name = made.get("name") or made.get("displayName") or (made.get("metadata") or {}).get("name")
        batch = FakeBatch(f"{prefix}{len(self.batches) + 1}", dialect, name)
        self.batches[batch.id] = batch
        batch.in_file, entries = self._given(made)
        batch.path = made.get("endpoint") or (entries[0].get("url") if entries else None) or ""
        batch.calls.update(map(keyed, entries))
        if self.lost:
            self.lost -= 1
            yield HangUp()
        yield from told(dialect.job(batch), asked)

    def _given(self, made: Wire) -> tuple[bool, list[Wire]]:
        config = made.get("inputConfig", {})
        file_id = made.get("input_file_id") or config.get("fileName") or next(iter(made.get("input_files") or ()), None)
        if file_id:
            return True, [json.loads(line) for line in self.files[file_id].splitlines() if line]
        return False, made.get("requests") or config.get("requests", {}).get("requests") or []

    def _add(self, asked: Any, batch_id: str) -> Iterator[Step]:
        self.batches[batch_id].calls.update(map(keyed, asked.json["batch_requests"]))
        yield from Raw(b"null").steps(asked)

    def _list(self, asked: Any, query: str) -> Iterator[Step]:
        jobs = [batch.dialect.job(batch) for batch in self.batches.values()]
        dialect = next((batch.dialect for batch in self.batches.values()), dialect_of(asked.path))
        yield from told(dialect.page(jobs), asked)

    def _get(self, asked: Any, batch_id: str) -> Iterator[Step]:
        batch = self.batches[batch_id]
        dialect = batch.dialect
        batch.asked += 1
        batch.over = batch.over or (batch.asked > self._polls and not batch.cancelled)
        job = dialect.job(batch)
        if dialect is GEMINI and batch.over and not batch.in_file:
            entries = list(self._results(batch, dialect))
            job["metadata"]["output"] = {"inlinedResponses": {"inlinedResponses": entries}}
        yield from told(job, asked)

    def _cancel(self, asked: Any, batch_id: str) -> Iterator[Step]:
        batch = self.batches[batch_id]
        batch.cancelled = not batch.over
        yield from told(batch.dialect.job(batch), asked)

    def _read(self, asked: Any, batch_id: str) -> Iterator[Step]:
        """The results as lines, or a page of them."""
        batch = self.batches.get(batch_id) or self.batches[f"batches/{batch_id}"]
        dialect = batch.dialect
        if dialect is not XAI:
            lines = b"\n".join(json.dumps(one).encode() for one in self._results(batch, dialect))
            yield from Raw(lines, headers=LINES).steps(asked)
            return
        start = int(found.group(1)) if (found := re.search(r"pagination_token=(\d+)", asked.path)) else 0
        entries = list(self._results(batch, dialect))
        rest = str(start + PAGE) if start + PAGE < len(entries) else None
        yield from told({"results": entries[start : start + PAGE], "pagination_token": rest}, asked)

    def _results(self, batch: FakeBatch, dialect: BatchDialect) -> Iterator[Wire]:
        """The last call is answered first: nobody promises an order."""
        for key, body in reversed(() if batch.cancelled else batch.calls.items()):
            text = self._answer(last_words(body))
            yield dialect.refused(key) if text is None else dialect.entry(key, answer_of(batch, text))


def told(body: Wire, asked: Any) -> Iterator[Step]:
    yield from Raw(json.dumps(body).encode()).steps(asked)


def dialect_of(path: str, made: Wire | None = None) -> BatchDialect:
    """By the path, where batches have paths of their own; xAI's are made of a name alone."""
    for part, dialect in (("/batch/jobs", MISTRAL), ("/messages/batches", ANTHROPIC), ("/v1beta/", GEMINI)):
        if part in path:
            return dialect
    return XAI if made is not None and "input_file_id" not in made else OPENAI


def keyed(entry: Wire) -> tuple[str, Wire]:
    key = entry.get("custom_id") or entry.get("key") or entry.get("batch_request_id") or entry["metadata"]["custom_id"]
    body = entry.get("body") or entry.get("params") or entry.get("request") or entry["batch_request"]
    return key, body.get("chat_get_completion", body)


def last_words(body: Wire) -> str:
    """What the user said last."""
    last = (body.get("messages") or body.get("contents") or body["input"])[-1]
    content = last.get("content") or last.get("parts")
    return content if isinstance(content, str) else str(content[-1]["text"])


def form_file(kind: str, body: bytes) -> bytes:
    """The content of the file in a form."""
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
