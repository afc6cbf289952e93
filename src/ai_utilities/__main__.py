"""`python -m ai_utilities`: the command `ai-utilities`, also if its script is not on the path."""

from __future__ import annotations

from .cli import run

run()
