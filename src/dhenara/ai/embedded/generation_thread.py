"""One request to the embedded model in a thread, with its chunks in a queue."""

from __future__ import annotations

import atexit
import queue
import threading
from collections.abc import Callable
from typing import Any

from ..http.protocol.interfaces import ConnectionBroken
from ..http.protocol.message import Head
from ..wire import json
from .engine import LlamaEngine
from .tools import ConstrainedCall, concerns_tools

STREAM = "text/event-stream"
DOCUMENT = "application/json"
DONE = b"data: [DONE]\n\n"
Message = dict[str, Any]
LONGEST_END = 10.0
"""Longest wait at exit in seconds for a model that is reading its prompt."""


class GenerationThread:
    """Starts at once; `next_chunk` returns chunks, then None."""

    def __init__(self, engine: LlamaEngine, kind: str, body: Message) -> None:
        self._engine = engine
        self._kind = kind
        self._body = body
        self._text: queue.SimpleQueue[Message | Exception | None] = queue.SimpleQueue()
        self._left = False
        self._spoke = False
        self._thread = threading.Thread(target=self._run, name="dhenara-embedded", daemon=True)
        at_work.add(self)
        self._thread.start()

    def next_chunk(self, timeout: float | None) -> Message | None:
        """Return the next chunk; raises `queue.Empty` after the timeout."""
        text = self._text.get(timeout=timeout)
        if isinstance(text, Exception):
            raise ConnectionBroken(f"the embedded model failed: {text}") from text
        return text

    def cancel(self) -> None:
        """Stop the computation at the next token."""
        self._left = True

    def stop(self) -> None:
        """Stop and wait for the thread."""
        self.cancel()
        self._thread.join(LONGEST_END)

    def _run(self) -> None:
        try:
            WAYS[self._kind](self)
        except ValueError as error:
            self._text.put({"error": {"code": 400, "message": str(error), "type": "invalid_request_error"}})
        except Exception as error:  # noqa: BLE001  # every failure is passed to the caller
            # Before the first chunk, an error is reported like an HTTP error of a server.
            self._text.put(error if self._spoke else failure(error))
        self._text.put(None)
        at_work.discard(self)

    def _chat(self) -> None:
        """Always stream, because only streams can be stopped."""
        data = {**self._body, "stream": True, "stream_options": {"include_usage": True}}
        if self._engine.knows_tools or not concerns_tools(data):
            self._engine.chat(data, self._on_chunk)
            return
        constrained = ConstrainedCall(data, self._on_chunk)
        self._engine.chat(constrained.body, constrained.add_chunk)

    def _on_chunk(self, text: Message) -> bool:
        if "model" in text:
            # The library reports the file name; return the name that the caller used.
            text["model"] = self._body.get("model")
        self._spoke = True
        self._text.put(text)
        return self._left

    def _embed(self) -> None:
        self._text.put(self._engine.embed(self._body))

    def _rerank(self) -> None:
        self._text.put(self._engine.rerank(self._body))


def failure(error: Exception) -> Message:
    """Return the error body that a server would send."""
    message = f"the embedded model failed: {error}"
    return {"error": {"code": 500, "message": message, "type": type(error).__name__}}


at_work: set[GenerationThread] = set()


@atexit.register
def end_all() -> None:
    """Stop all work at exit; otherwise llama.cpp threads would crash the process."""
    for work in tuple(at_work):
        work.stop()


WAYS: dict[str, Callable[[GenerationThread], None]] = {
    "chat": GenerationThread._chat,
    "embed": GenerationThread._embed,
    "rerank": GenerationThread._rerank,
}
KINDS = {"/chat/completions": "chat", "/embeddings": "embed", "/rerank": "rerank"}


def head_for(first: Message | None, kind: str) -> Head:
    """Return the HTTP head that a server would send before this chunk."""
    problem = first.get("error") if first is not None else None
    if problem is not None:
        return Head(int(problem.get("code") or 500), {"content-type": DOCUMENT})
    return Head(200, {"content-type": STREAM if kind == "chat" else DOCUMENT})


def encode_chunk(text: Message, head: Head) -> bytes:
    body = json.dumps(text)
    return b"data: " + body + b"\n\n" if head.headers["content-type"] == STREAM else body
