"""Durable runs: a run of tools is killed in the middle, and DBOS finishes it in another process.

Each request and each tool call is a step of a DBOS workflow, kept in an SQLite file. A step that was finished before
the process died is not performed again: neither paid for nor run twice.

Run it: python examples/durable_run.py. Needs `pip install dbos`. Uses a fake server.
"""

import os
import signal
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import RunLimits

QUESTION = "Charge 20 euros for order 17 and tell me the receipt."


def worker(folder: Path, url: str, *, dies: bool) -> None:
    """Start the workflow, or let DBOS go on with the one that was left."""
    from dbos import DBOS, SetWorkflowID

    DBOS(
        config={
            "name": "orders",
            "system_database_url": f"sqlite:///{folder / 'dbos.sqlite'}",
            "application_version": "1",
            "console_log_level": "ERROR",
        }
    )

    def charge(order: int, euros: int) -> str:
        """Charge an order."""
        print(f"  charging {euros} euros for order {order}", flush=True)
        return "receipt 4711"

    def step(name: str, key: str, do: Any) -> str:
        text: str = DBOS.run_step({"name": key}, do)
        print(f"  {key} ({name}) is kept", flush=True)
        if dies and key.startswith("tool"):
            os.kill(os.getpid(), signal.SIGKILL)
        return text

    @DBOS.workflow()
    def order(question: str) -> str:
        with AIModelClient("openai/gpt-5.4-mini", api_key="none", base_url=url) as client:
            # Steps have an order in DBOS, so tools run one after the other.
            run = client.run(question, tools=[charge], step=step, limits=RunLimits(concurrency=1))
        return str(run.text)

    DBOS.launch()
    if dies:
        with SetWorkflowID("order-17"):
            order(QUESTION)
    print("  answer:", DBOS.retrieve_workflow("order-17").get_result(), flush=True)
    DBOS.destroy()


def main() -> None:
    call = FakeToolCall("charge", {"order": 17, "euros": 20})
    replies = (Answer(tool_calls=(call,)), Answer(text="Order 17 is paid: receipt 4711."))
    with tempfile.TemporaryDirectory() as folder, FakeServer(*replies) as server:
        for process in ("dies", "recovers"):
            print(f"A process that {process}:", flush=True)
            command = [sys.executable, __file__, process, folder, f"{server.url}/v1"]
            status = subprocess.run(command, check=False).returncode
            print(f"  ended with status {status}", flush=True)
        print(f"The model was called {len(server.exchanges)} times.")


if find_spec("dbos") is None:
    print("This example needs DBOS: pip install dbos")
elif len(sys.argv) > 1:
    worker(Path(sys.argv[2]), sys.argv[3], dies=sys.argv[1] == "dies")
else:
    main()
