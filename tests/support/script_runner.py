"""Runs each script in a process that ends as any other, but does not import the library anew.

`ScriptRunner` starts this file as a process that imports the library and forks itself for each script.
"""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

LIBRARY = ("ai_utilities.operations.client_core", "ai_utilities.usage.sqlite", "dhenara.ai.pipeline.agent.run_loop")
LIBRARY += ("dhenara.ai.integration", "dhenara.ai.testing", "dhenara.ai.http.loop_transport", "asyncio")


@dataclass(frozen=True)
class Finished:
    """How a script ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


class ScriptRunner(AbstractContextManager["ScriptRunner"]):
    """Every warning is an error of the script."""

    def __init__(self, environment: dict[str, str]) -> None:
        command = [sys.executable, "-W", "error", __file__]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True)

    def run(self, script: Path, folder: Path) -> Finished:
        """The script is run in this folder."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        outputs = [folder.parent / f"{folder.name}.{name}" for name in ("out", "err")]
        print(json.dumps([str(script), str(folder), *map(str, outputs)]), file=self.process.stdin, flush=True)
        returncode = int(self.process.stdout.readline())
        stdout, stderr = (one.read_text(encoding="utf-8") for one in outputs)
        return Finished(returncode, stdout, stderr)

    def __exit__(self, *failed: object) -> None:
        self.process.communicate()


def serve() -> None:
    for name in LIBRARY:
        import_module(name)
    while line := sys.stdin.readline():
        child = os.fork()
        if child == 0:
            return become(*json.loads(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()
    return None


def become(script: str, folder: str, *outputs: str) -> Any:
    """Everything is as if Python had been started with the script, in the folder."""
    for number, path, mode in ((0, os.devnull, os.O_RDONLY), *((at, one, WRITE) for at, one in enumerate(outputs, 1))):
        os.dup2(os.open(path, mode, 0o600), number)
    os.chdir(folder)
    sys.argv[:] = [script]
    sys.path[0] = str(Path(script).parent)
    runpy.run_path(script, run_name="__main__")


WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC

if __name__ == "__main__":
    serve()
