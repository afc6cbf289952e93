"""Code blocks of the user's documents, run as they are printed."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

SEEDS = Path(__file__).resolve().parents[3] / "shared" / "seeds"
FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(name: str) -> list[str]:
    """The Python blocks of one document, in order; skips the test where the documents are absent."""
    path = SEEDS / name
    if not path.is_file():
        pytest.skip("the documents are not beside the project")
    return FENCE.findall(path.read_text(encoding="utf-8"))


def run(block: str, names: dict[str, Any]) -> dict[str, Any]:
    """Runs a block with these names defined; `await` at the top level is fine."""
    code = compile(block, "<document>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if code.co_flags & inspect.CO_COROUTINE:

        async def awaited() -> None:
            await eval(code, names)  # the user's own document is what is tested

        asyncio.run(awaited())
    else:
        exec(code, names)  # as above
    return names
