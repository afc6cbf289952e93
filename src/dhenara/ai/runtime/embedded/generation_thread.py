"""One request to the embedded model, at work in a thread of its own; what it says is heard through a queue."""

from __future__ import annotations

import atexit
import queue
import threading
from collections.abc import Callable
from typing import Any

from ...wire import json
from ...wire.http import Head
from ...wire.io_protocol import ConnectionBroken
from .engine import LlamaEngine
from .tools import ConstrainedCall, concerns_tools

STREAM = "text/event-stream"
DOCUMENT = "application/json"
DONE = b"data: [DONE]\n\n"
Message = dict[str, Any]
LONGEST_END = 10.0
"""Seconds to wait for a model that is still reading its prompt when the program ends."""


class GenerationThread:
    """Started at once. `hear` gives what was said, and None when that was all."""

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
        """Raises `queue.Empty` when nothing is said in time."""
        text = self._text.get(timeout=timeout)
        if isinstance(text, Exception):
            raise ConnectionBroken(f"the embedded model failed: {text}") from text
        return text

    def cancel(self) -> None:
        """Stops the computation at the next token."""
        self._left = True

    def stop(self) -> None:
        """Stops, and waits until it has."""
        self.cancel()
        self._thread.join(LONGEST_END)

    def _run(self) -> None:
        try:
            WAYS[self._kind](self)
        except ValueError as error:
            self._text.put({"error": {"code": 400, "message": str(error), "type": "invalid_request_error"}})
        except Exception as error:  # noqa: BLE001  # whatever happened in here is told to whoever waits
            # Before the first word it is an answer like that of a server, which has nothing to do with a network.
            self._text.put(error if self._spoke else failure(error))
        self._text.put(None)
        at_work.discard(self)

    def _chat(self) -> None:
        """Always as a stream, since only that can be stopped."""
        data = {**self._body, "stream": True, "stream_options": {"include_usage": True}}
        if self._engine.knows_tools or not concerns_tools(data):
            self._engine.chat(data, self._on_chunk)
            return
        constrained = ConstrainedCall(data, self._on_chunk)
        self._engine.chat(constrained.body, constrained.add_chunk)

    def _on_chunk(self, text: Message) -> bool:
        if "model" in text:
            # The library names the file; whoever asked knows the model by another name.
            text["model"] = self._body.get("model")
        self._spoke = True
        self._text.put(text)
        return self._left

    def _embed(self) -> None:
        self._text.put(self._engine.embed(self._body))

    def _rerank(self) -> None:
        self._text.put(self._engine.rerank(self._body))


def failure(error: Exception) -> Message:
    """What a server would answer that came upon this error."""
    message = f"the embedded model failed: {error}"
    return {"error": {"code": 500, "message": message, "type": type(error).__name__}}


at_work: set[GenerationThread] = set()


@atexit.register
def end_all() -> None:
    """The interpreter would take threads of llama.cpp down in the middle of their work, and the process with them."""
    for work in tuple(at_work):
        work.stop()


WAYS: dict[str, Callable[[GenerationThread], None]] = {
    "chat": GenerationThread._chat,
    "embed": GenerationThread._embed,
    "rerank": GenerationThread._rerank,
}
KINDS = {"/chat/completions": "chat", "/embeddings": "embed", "/rerank": "rerank"}


def head_for(first: Message | None, kind: str) -> Head:
    """What an HTTP server would have said before these words."""
    problem = first.get("error") if first is not None else None
    if problem is not None:
        return Head(int(problem.get("code") or 500), {"content-type": DOCUMENT})
    return Head(200, {"content-type": STREAM if kind == "chat" else DOCUMENT})


def encode_chunk(text: Message, head: Head) -> bytes:
    body = json.dumps(text)
    return b"data: " + body + b"\n\n" if head.headers["content-type"] == STREAM else body
