"""`python -m ai_utilities.cli`: the command, wherever its script was not put on the path."""

from __future__ import annotations

from . import run

run()
