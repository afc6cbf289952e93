"""The command line from a shell script's point of view: ask, pipe, and see what it cost.

With OPENAI_API_KEY set, OpenAI answers; without, a fake provider does. Accounts go into a folder of their own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack

from dhenara.ai.testing import Answer, FakeServer, FakeUsage


def ai_utilities(*arguments: str, stdin: str = "") -> str:
    """What the command prints."""
    command = [sys.executable, "-m", "ai_utilities.cli", *arguments]
    return subprocess.run(command, input=stdin, env=environment, capture_output=True, text=True, check=True).stdout


with ExitStack() as stack:
    environment = {**os.environ, "XDG_STATE_HOME": stack.enter_context(tempfile.TemporaryDirectory())}
    if not os.environ.get("OPENAI_API_KEY"):
        server = stack.enter_context(FakeServer(Answer(text="A fine report.", usage=FakeUsage(120, 4)), forever=True))
        environment |= {"OPENAI_API_KEY": "none", "OPENAI_BASE_URL": f"{server.url}/v1"}
    print(ai_utilities("ask", "Summarise this.", "--tag", "project=atlas", stdin="A long report."))
    print(ai_utilities("usage", "--by", "tag:project"))
