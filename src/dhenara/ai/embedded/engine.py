"""The llama.cpp engine of one model file, and the thread that generates with it."""

from __future__ import annotations

import atexit
import mmap
import os
import queue
import secrets
import shutil
import struct
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError
from ..http.protocol.message import ConnectionBroken, Head
from ..wire import json
from .tools import ConstrainedCall, concerns_tools

KEY = b"tokenizer.chat_template"
STRING = 8
# Metadata comes before the weights; vocabularies take a few megabytes of it.
FARTHEST = 256 * 1024 * 1024


@lru_cache
def knows_tools(model: Path) -> bool:
    """Return whether the chat template of this GGUF file supports tools."""
    return "tools" in read_template(model)


def read_template(model: Path) -> str:
    """Return the chat template: a GGUF string entry of name, type, length and value."""
    with model.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as head:
        named = struct.pack("<Q", len(KEY)) + KEY
        position = head.find(named, 0, FARTHEST)
        if position < 0:
            return ""
        at = position + len(named)
        kind, size = struct.unpack_from("<IQ", head, at)
        return bytes(head[at + 12 : at + 12 + size]).decode("utf-8", "replace") if kind == STRING else ""


MISSING = "the embedded model needs llama.cpp. Install it with: python -m pip install 'dhenara[local]'"
QUIET = -1
SMALL_MODEL = 1024**3
"""Models up to this size in bytes use one thread."""


@dataclass(frozen=True, slots=True)
class ModelSetup:
    """Model and load parameters; equal setups share one loaded model."""

    path: Path
    context: int = 4096
    slots: int = 2
    embedding: bool = False
    threads: int | None = None
    """Number of compute threads; None chooses by model size."""


class LlamaEngine:
    """A llama.cpp server called through functions instead of a port."""

    def __init__(self, setup: ModelSetup) -> None:
        try:
            import xllamacpp
        except ImportError as error:
            raise ConfigurationError(MISSING) from error
        library: Any = xllamacpp  # it has no type stubs
        parameters = library.CommonParams()
        parameters.model.path = str(setup.path)
        parameters.n_ctx = setup.context * setup.slots
        parameters.n_parallel = setup.slots
        parameters.embedding = setup.embedding
        for cpu in (parameters.cpuparams, parameters.cpuparams_batch):
            cpu.n_threads = setup.threads or usual_threads(setup.path)
            cpu.poll = 0  # idle threads sleep
        parameters.verbosity = QUIET
        parameters.warmup = False
        parameters.ui = False
        # The library always listens; a socket in a private directory and a random key keep others out.
        parameters.api_keys = [secrets.token_hex(16)]
        self._folder = tempfile.mkdtemp(prefix="dhenara-")
        if os.name == "posix":
            parameters.hostnames = [os.path.join(self._folder, "llama.sock")]
        self.holders: set[object] = set()
        self.knows_tools = knows_tools(setup.path)
        try:
            self._server: Any = library.Server(parameters)
        except RuntimeError as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise ConfigurationError(f"{setup.path} cannot be loaded as a GGUF model: {error}") from error

    def chat(self, body: dict[str, Any], on_message: Callable[[dict[str, Any]], bool]) -> None:
        """Pass each chunk to `hear` as it is generated, until it returns True."""
        self._server.handle_chat_completions(body, on_message)

    def embed(self, body: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = self._server.handle_embeddings(body)
        return result

    def rerank(self, body: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = self._server.handle_rerank(body)
        return result

    def close(self) -> None:
        self._server = None
        shutil.rmtree(self._folder, ignore_errors=True)


def usual_threads(path: Path) -> int:
    """Return one for a small model, half of the processors for others.

    llama.cpp's threads spin while they wait for each other at every layer. On a busy machine, one thread without a
    processor blocks all others: 42 tokens of a 98 MB model took 0.9 to 1.5 s with one thread on two busy processors,
    and 4 to 19 s with two.
    """
    if path.stat().st_size < SMALL_MODEL:
        return 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, usable // 2)


_lock = threading.Lock()
_loaded: dict[tuple[int, ModelSetup], LlamaEngine] = {}


def acquire_engine(setup: ModelSetup, holder: object) -> LlamaEngine:
    """Return the loaded model; the first caller loads it. A forked child loads its own."""
    with _lock:
        key = (os.getpid(), setup)
        engine = _loaded.get(key)
        if engine is None:
            engine = _loaded[key] = LlamaEngine(setup)
        engine.holders.add(holder)
        return engine


def release(setup: ModelSetup, holder: object) -> None:
    """Release the model; the last holder frees the memory."""
    with _lock:
        key = (os.getpid(), setup)
        engine = _loaded.get(key)
        if engine is None:
            return
        engine.holders.discard(holder)
        if not engine.holders:
            del _loaded[key]
            engine.close()


@atexit.register
def _free_all() -> None:
    """Free all models before the interpreter exits."""
    for (process, setup), engine in list(_loaded.items()):
        if process == os.getpid():
            _loaded.pop((process, setup))
            engine.close()


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
