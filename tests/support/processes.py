"""Processes of tests that share a store, or are killed: each has its own memory, and none imports the library.

They are forks of a process that has imported it and done nothing else, where the system has them.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

FORKS = "forkserver" in multiprocessing.get_all_start_methods()
PARALLEL: Any = multiprocessing.get_context("forkserver" if FORKS else "spawn")
"""What gives them barriers, queues and values to share."""

LIBRARY = [f"ai_utilities.{name}.layer" for name in ("cache", "limits", "usage", "usage.budgets")]
LIBRARY += [f"ai_utilities.usage.{name}" for name in ("redis", "sqlite", "budgets.redis", "budgets.sqlite")]
LIBRARY += ["ai_utilities.operations.client_core", "dhenara.ai.http.loop_transport", "dhenara.ai.testing"]
PARALLEL.set_forkserver_preload([*LIBRARY, "hypothesis.strategies", "pytest", "trio.testing"])


def another_process(work: Callable[..., None], *args: Any) -> BaseProcess:
    """Has the variables of the test, not those of the process it is a fork of."""
    made: BaseProcess = PARALLEL.Process(target=run, args=(dict(os.environ), work, args))
    return made


def run(environment: dict[str, str], work: Callable[..., None], args: tuple[Any, ...]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    work(*args)
