"""The package itself can be run as the command."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ai_utilities


@pytest.mark.parametrize("module", ["ai_utilities", "ai_utilities.cli"])
def test_a_package_can_be_run_as_the_command(module: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"ai-utilities {ai_utilities.__version__}\n"
