"""A llama.cpp server in a process of its own, on a free port of loopback, for as long as it is needed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dhenara.ai.runtime.embedded.weights import check_weights, find_weights

CONTEXT = 4096
SLOTS = 2


class CannotServe(Exception):
    """Why there is no server."""


@contextmanager
def llama_server(context: int = CONTEXT, *, embeds: bool = False) -> Iterator[str]:
    """The server's root address. The server ends with the block, or with this process."""
    problem = check_weights()
    if problem is not None:
        raise CannotServe(problem)
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).resolve()), str(context), *(["embeds"] if embeds else [])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        address = process.stdout.readline().strip() if process.stdout else ""
        if not address.startswith("http"):
            raise CannotServe(f"the server did not start; its exit code is {process.wait(10)}")
        yield address
    finally:
        process.terminate()
        process.communicate(timeout=20)


def serve(context: int, *, embeds: bool) -> None:
    """Serves until standard input ends, which it does when the parent is gone, however it went."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(find_weights())
    parameters.n_ctx = context
    parameters.n_parallel = SLOTS
    parameters.port = 0
    if embeds:
        parameters.embedding = True
        # A chat model has no vector of its own for a text; the mean of its tokens' will do.
        parameters.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    server = xllamacpp.Server(parameters)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    serve(int(sys.argv[1]), embeds="embeds" in sys.argv)
