"""The example of a durable run: the process that was killed is finished by another one, and nothing runs twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "durable_run.py"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_workflow_that_is_killed_is_finished_by_another_process(tmp_path: Path) -> None:
    pytest.importorskip("dbos")
    command = [sys.executable, str(EXAMPLE)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=250, check=True)
    lines = [line.strip() for line in done.stdout.splitlines()]
    died, recovered = lines.index("ended with status -9"), lines.index("ended with status 0")
    assert lines[:died].count("charging 20 euros for order 17") == 1
    assert "charging 20 euros for order 17" not in lines[died:]
    assert "answer: Order 17 is paid: receipt 4711." in lines[died:recovered]
    assert lines[-1] == "The model was called 2 times."
