"""One loaded model: shared by everybody in the process who asks for it, freed when the last one lets go."""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...dataclass import dataclass
from ...errors import ConfigurationError
from .templates import knows_tools

MISSING = "the embedded model needs llama.cpp. Install it with: python -m pip install 'dhenara[local]'"
QUIET = -1
SMALL_MODEL = 1024**3
"""Bytes of a model up to which one thread is fast enough."""


@dataclass(frozen=True, slots=True)
class ModelSetup:
    """Which model, and how it is loaded. Equal set-ups share one loaded model."""

    path: Path
    context: int = 4096
    slots: int = 2
    embedding: bool = False
    threads: int | None = None
    """Threads that compute; None chooses by the size of the model."""


class LlamaEngine:
    """A llama.cpp server without a port: it is asked by function calls."""

    def __init__(self, setup: ModelSetup) -> None:
        try:
            import xllamacpp
        except ImportError as error:
            raise ConfigurationError(MISSING) from error
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(setup.path)
        parameters.n_ctx = setup.context * setup.slots
        parameters.n_parallel = setup.slots
        parameters.embedding = setup.embedding
        for cpu in (parameters.cpuparams, parameters.cpuparams_batch):
            cpu.n_threads = setup.threads or usual_threads(setup.path)
            cpu.poll = 0  # threads without work sleep
        parameters.verbosity = QUIET
        parameters.warmup = False
        parameters.ui = False
        # The library always listens; nobody else can reach a socket in a directory of our own, or guess this key.
        parameters.api_keys = [secrets.token_hex(16)]
        self._folder = tempfile.mkdtemp(prefix="dhenara-")
        if os.name == "posix":
            parameters.hostnames = [os.path.join(self._folder, "llama.sock")]
        self.holders: set[object] = set()
        self.knows_tools = knows_tools(setup.path)
        try:
            self._server: Any = xllamacpp.Server(parameters)
        except RuntimeError as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise ConfigurationError(f"{setup.path} cannot be loaded as a GGUF model: {error}") from error

    def chat(self, body: dict[str, Any], hear: Callable[[dict[str, Any]], bool]) -> None:
        """Tells `hear` every chunk as it is generated, until it returns True."""
        self._server.handle_chat_completions(body, hear)

    def embed(self, body: dict[str, Any]) -> dict[str, Any]:
        match: dict[str, Any] = self._server.handle_embeddings(body)
        return match

    def rerank(self, body: dict[str, Any]) -> dict[str, Any]:
        match: dict[str, Any] = self._server.handle_rerank(body)
        return match

    def close(self) -> None:
        self._server = None
        shutil.rmtree(self._folder, ignore_errors=True)


def usual_threads(path: Path) -> int:
    """One for a small model, half of the processors for others.

    llama.cpp's threads wait for each other at every layer, spinning. Where other programs want the processors, one that
    was put aside keeps all of them waiting: 42 tokens of a model of 98 MB took 0.9 to 1.5 s with one thread on two busy
    processors, and 4 to 19 s with two.
    """
    if path.stat().st_size < SMALL_MODEL:
        return 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, usable // 2)


_lock = threading.Lock()
_loaded: dict[tuple[int, ModelSetup], LlamaEngine] = {}


def acquire_engine(setup: ModelSetup, holder: object) -> LlamaEngine:
    """The loaded model; the first to ask waits for the loading. A forked child loads its own."""
    with _lock:
        key = (os.getpid(), setup)
        engine = _loaded.get(key)
        if engine is None:
            engine = _loaded[key] = LlamaEngine(setup)
        engine.holders.add(holder)
        return engine


def release(setup: ModelSetup, holder: object) -> None:
    """Lets go; the last one frees the memory."""
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
    """The interpreter must not end while the model is at work."""
    for (process, setup), engine in list(_loaded.items()):
        if process == os.getpid():
            _loaded.pop((process, setup))
            engine.close()
