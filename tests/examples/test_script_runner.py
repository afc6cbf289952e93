"""What a script does wrong is seen although its process is a fork of one that has imported the library."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.script_runner import ScriptRunner


@pytest.fixture(scope="module")
def scripts() -> Iterator[ScriptRunner]:
    with ScriptRunner(dict(os.environ)) as runner:
        yield runner


@pytest.mark.parametrize(
    ("script", "ends", "printed", "complaint"),
    [
        ("import atexit; atexit.register(print, 'last'); print(__name__)", 0, "__main__\nlast\n", ""),
        ("import sys; print(sys.argv == [__file__]); sys.exit(3)", 3, "True\n", ""),
        ("raise ValueError('wrong')", 1, "", "ValueError: wrong"),
        ("import warnings; warnings.warn('old', DeprecationWarning)", 1, "", "DeprecationWarning: old"),
        ("import socket; left_open = socket.socket()", 0, "", "ResourceWarning: unclosed"),
        ("import os; os.kill(os.getpid(), 9)", -9, "", ""),
        ("import os; open('here.txt', 'x').close(); print(os.environ['ONE'])", 1, "", "KeyError: 'ONE'"),
    ],
)
def test_a_script_ends_as_in_a_process_of_its_own(
    script: str, ends: int, printed: str, complaint: str, scripts: ScriptRunner, tmp_path: Path
) -> None:
    os.environ["ONE"] = "set after the runner has begun"
    try:
        (tmp_path / "script.py").write_text(script)
        done = scripts.run(tmp_path / "script.py", tmp_path)
    finally:
        del os.environ["ONE"]
    assert (done.returncode, done.stdout) == (ends, printed)
    assert complaint in done.stderr if complaint else not done.stderr
    assert (tmp_path / "here.txt").exists() == ("here.txt" in script)
