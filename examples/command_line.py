"""The command line in a script: ask with piped input, then print what it cost by tag.

Run it: python examples/command_line.py. Uses OpenAI if OPENAI_API_KEY is set, otherwise a fake server. The ledger is
written to a temporary folder.
"""

import os
import subprocess
import sys
from tempfile import TemporaryDirectory

from dhenara.ai.testing import Answer, FakeServer, FakeUsage


def run(*arguments: str, stdin: str = "", **variables: str) -> str:
    command = [sys.executable, "-m", "ai_utilities.cli", *arguments]
    environment = {**os.environ, **variables}
    return subprocess.run(command, input=stdin, env=environment, capture_output=True, text=True, check=True).stdout


def main(**variables: str) -> None:
    with TemporaryDirectory() as folder:
        variables["XDG_STATE_HOME"] = folder
        print(run("ask", "Summarise this.", "--tag", "project=atlas", stdin="A long report.", **variables))
        print(run("usage", "--by", "tag:project", **variables))


if "OPENAI_API_KEY" in os.environ:
    main()
else:
    with FakeServer(Answer(text="A short report.", usage=FakeUsage(120, 4)), forever=True) as server:
        main(OPENAI_API_KEY="none", OPENAI_BASE_URL=f"{server.url}/v1")
