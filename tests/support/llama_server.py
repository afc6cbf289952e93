"""A llama.cpp server in a process of its own, on a free port of loopback, for as long as it is needed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from dhenara.ai.embedded.weights import check_weights, find_weights

CONTEXT = 4096
SLOTS = 2
Work = Literal["talks", "embeds", "ranks"]


class CannotServe(Exception):
    """Why there is no server."""


@contextmanager
def llama_server(context: int = CONTEXT, *, does: Work = "talks") -> Iterator[str]:
    """The server's root address. The server ends with the block, or with this process."""
    problem = check_weights()
    if problem is not None:
        raise CannotServe(problem)
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).resolve()), str(context), does],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        address = process.stdout.readline().strip() if process.stdout else ""
        if not address.startswith("http"):
            raise CannotServe(f"the server did not start; its exit code is {process.wait()}")
        yield address
    finally:
        process.terminate()
        process.communicate()


def serve(context: int, does: str) -> None:
    """Serves until standard input ends, which it does when the parent is gone, however it went."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(find_weights())
    parameters.n_ctx = context
    parameters.n_parallel = SLOTS
    # More threads wait for each other, spinning, where others want the processors.
    for cpu in (parameters.cpuparams, parameters.cpuparams_batch):
        cpu.n_threads, cpu.poll = 1, 0
    parameters.port = 0
    if does != "talks":
        parameters.embedding = True
        # A chat model has no vector of its own for a text, and no sense of what answers a question: the mean of its
        # tokens' vectors will do, and one number out of the last of them.
        pooling = xllamacpp.llama_pooling_type
        ranks = pooling.LLAMA_POOLING_TYPE_RANK
        parameters.pooling_type = ranks if does == "ranks" else pooling.LLAMA_POOLING_TYPE_MEAN
    server = xllamacpp.Server(parameters)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2])
