"""Every example runs as a newcomer would run it, in a process of its own and without any key."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.script_runner import ScriptRunner

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def scripts() -> Iterator[ScriptRunner]:
    retained = ("PATH", "HOME", "PYTHONPATH", "LANG", "TMPDIR", "SYSTEMROOT")
    with ScriptRunner({name: os.environ[name] for name in retained if name in os.environ}) as runner:
        yield runner


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_runs(example: Path, scripts: ScriptRunner, tmp_path: Path) -> None:
    done = scripts.run(example, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert done.stderr == ""


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_says_what_it_shows_and_how_to_run_it(example: Path) -> None:
    described = ast.get_docstring(ast.parse(example.read_text(encoding="utf-8"))) or ""
    summary, _, rest = described.partition("\n\n")
    assert "\n" not in summary
    assert summary.endswith(".")
    assert f"Run it: python examples/{example.name}" in rest
