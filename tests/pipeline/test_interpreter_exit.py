"""A stream that a program still holds when it ends is closed quietly, and its layers hear of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ai_utilities.usage import SQLiteLedger

TESTS = Path(__file__).parents[1]
PROGRAM = """
import asyncio
import sys

from ai_utilities.usage import SQLiteLedger, UsageLayer
from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer
from support.worlds import endpoint

server = FakeServer(Answer(text="Hello there, how are you?"), forever=True).__enter__()
client = AIModelClient(endpoint(server.url), layers=[UsageLayer(SQLiteLedger(sys.argv[2]))])


async def read_one():
    global stream
    stream = (await client.generate_async("?", streaming=True)).async_stream_generator
    await anext(stream)


if sys.argv[1] == "async":
    asyncio.run(read_one())
else:
    stream = client.generate("?", streaming=True).stream_generator
    next(stream)
"""


@pytest.mark.parametrize("world", ["sync", "async"])
def test_a_stream_that_is_held_at_exit_leaves_no_warnings(world: str, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "always", "-c", PROGRAM, world, str(tmp_path / "usage.db")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=TESTS, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    ledger = SQLiteLedger(tmp_path / "usage.db")
    (row,) = ledger.rows()
    ledger.close()
    assert row.outcome in ("answered", "cancelled")
