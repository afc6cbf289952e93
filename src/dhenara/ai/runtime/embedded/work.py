"""One request to the embedded model, at work in a thread of its own; what it says is heard through a queue."""

from __future__ import annotations

import atexit
import queue
import threading
from collections.abc import Callable
from typing import Any

from ...wire import json
from ...wire.http import Head
from ...wire.io import Broken
from .engine import Engine
from .tools import Constrained, concerns_tools

STREAM = "text/event-stream"
DOCUMENT = "application/json"
DONE = b"data: [DONE]\n\n"
Said = dict[str, Any]
LONGEST_END = 10.0
"""Seconds to wait for a model that is still reading its prompt when the program ends."""


class Work:
    """Started at once. `hear` gives what was said, and None when that was all."""

    def __init__(self, engine: Engine, kind: str, body: Said) -> None:
        self._engine = engine
        self._kind = kind
        self._body = body
        self._said: queue.SimpleQueue[Said | Exception | None] = queue.SimpleQueue()
        self._left = False
        self._spoke = False
        self._thread = threading.Thread(target=self._run, name="dhenara-embedded", daemon=True)
        at_work.add(self)
        self._thread.start()

    def hear(self, timeout: float | None) -> Said | None:
        """Raises `queue.Empty` when nothing is said in time."""
        said = self._said.get(timeout=timeout)
        if isinstance(said, Exception):
            raise Broken(f"the embedded model failed: {said}") from said
        return said

    def leave(self) -> None:
        """Stops the computation at the next token."""
        self._left = True

    def end(self) -> None:
        """Stops, and waits until it has."""
        self.leave()
        self._thread.join(LONGEST_END)

    def _run(self) -> None:
        try:
            WAYS[self._kind](self)
        except ValueError as error:
            self._said.put({"error": {"code": 400, "message": str(error), "type": "invalid_request_error"}})
        except Exception as error:  # noqa: BLE001  # whatever happened in here is told to whoever waits
            # Before the first word it is an answer like that of a server, which has nothing to do with a network.
            self._said.put(error if self._spoke else failure(error))
        self._said.put(None)
        at_work.discard(self)

    def _chat(self) -> None:
        """Always as a stream, since only that can be stopped."""
        told = {**self._body, "stream": True, "stream_options": {"include_usage": True}}
        if self._engine.knows_tools or not concerns_tools(told):
            self._engine.chat(told, self._hear)
            return
        constrained = Constrained(told, self._hear)
        self._engine.chat(constrained.body, constrained.hear)

    def _hear(self, said: Said) -> bool:
        if "model" in said:
            # The library names the file; whoever asked knows the model by another name.
            said["model"] = self._body.get("model")
        self._spoke = True
        self._said.put(said)
        return self._left

    def _embed(self) -> None:
        self._said.put(self._engine.embed(self._body))

    def _rerank(self) -> None:
        self._said.put(self._engine.rerank(self._body))


def failure(error: Exception) -> Said:
    """What a server would answer that came upon this error."""
    message = f"the embedded model failed: {error}"
    return {"error": {"code": 500, "message": message, "type": type(error).__name__}}


at_work: set[Work] = set()


@atexit.register
def end_all() -> None:
    """The interpreter would take threads of llama.cpp down in the middle of their work, and the process with them."""
    for work in tuple(at_work):
        work.end()


WAYS: dict[str, Callable[[Work], None]] = {"chat": Work._chat, "embed": Work._embed, "rerank": Work._rerank}
KINDS = {"/chat/completions": "chat", "/embeddings": "embed", "/rerank": "rerank"}


def head_for(first: Said | None, kind: str) -> Head:
    """What an HTTP server would have said before these words."""
    problem = first.get("error") if first is not None else None
    if problem is not None:
        return Head(int(problem.get("code") or 500), {"content-type": DOCUMENT})
    return Head(200, {"content-type": STREAM if kind == "chat" else DOCUMENT})


def written(said: Said, head: Head) -> bytes:
    body = json.dumps(said)
    return b"data: " + body + b"\n\n" if head.headers["content-type"] == STREAM else body
