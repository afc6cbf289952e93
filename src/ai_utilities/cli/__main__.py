"""`python -m ai_utilities.cli`: the command, also if its script is not on the path."""

from __future__ import annotations

from . import run

run()
