"""Runs that are killed at every point, each in a process of its own. Started by a test, with the URL of its server.

For each point, a process is forked, which kills itself there; another one then resumes the run. A line of JSON says
how that ended, and how often the tool had its effect.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from dhenara.ai import AIModelClient, SQLiteRunStore, ToolClaim
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, Run, Tool, ToolResultContent

MOST_POINTS = 200


class KillSwitch:
    """Kills this process at its n-th point."""

    left = 0

    def point(self, *_: Any) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


SWITCH = KillSwitch()


class KilledStore(SQLiteRunStore):
    """A store with points before and after everything that it writes."""

    def save(self, run_id: str, saved: bytes) -> None:
        SWITCH.point()
        super().save(run_id, saved)
        SWITCH.point()

    def claim(self, run_id: str, step: str, call: str) -> ToolClaim | None:
        SWITCH.point()
        earlier = super().claim(run_id, step, call)
        SWITCH.point()
        return earlier

    def complete(self, run_id: str, step: str, result: str) -> None:
        SWITCH.point()
        super().complete(run_id, step, result)
        SWITCH.point()


def run_order(url: str, folder: Path, mode: str, number: int, kill_at: int) -> None:
    """Run or resume an order, and write how it ended."""
    SWITCH.left = kill_at
    effects = folder / f"effects-{number}"

    def pay(amount: int) -> str:
        SWITCH.point()
        with effects.open("a") as file:
            file.write(f"{amount}\n")
        SWITCH.point()
        return f"paid {amount}"

    def look(city: str) -> str:
        SWITCH.point()
        return f"sunny in {city}"

    tools = [Tool.from_function(pay, once=True, parallel=False), Tool.from_function(look, parallel=False)]
    store = KilledStore(folder / "runs.sqlite")
    endpoint = AIModelEndpoint(
        api=AIModelAPI(provider="openai", api_key="sk-test", config={"base_url": url}),
        ai_model=AIModel(model_name="fake-1"),
    )
    settings: Any = {"tools": tools, "store": store, "on_event": SWITCH.point}
    with AIModelClient(endpoint) as client:
        run = run_in(mode, client, prompt="Pay the order.", run_id=f"order-{number}", **settings)
        unclear = [tool.call for tool in run.pending_tools if tool.unclear]
        if unclear:
            done = effects.exists()
            result = ToolResultContent(call_id=unclear[0].id, output="paid 7")
            run = run_in(mode, client, resume=run.decide({unclear[0].id: result if done else True}), **settings)
    report = {
        "stopped": run.stopped,
        "text": str(run.text),
        "unclear": len(unclear),
        "roles": [message.role for message in run.messages],
        "results": [tool.result.output for tool in run.tools if tool.result is not None],
    }
    (folder / f"report-{number}").write_text(json.dumps(report))


def run_in(mode: str, client: AIModelClient, **options: Any) -> Run[Any]:
    """Run in sync, streamed or async code."""
    match mode:
        case "run":
            return client.run(**options)
        case "run_streaming":
            return next(final for _, final in client.run_streaming(**options) if final is not None)
    return asyncio.run(client.run_async(**options))


def in_process(url: str, folder: Path, mode: str, number: int, kill_at: int) -> int:
    """Run the order in a process of its own and return how that ended."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    try:
        run_order(url, folder, mode, number, kill_at)
    except BaseException:  # noqa: BLE001  # a forked process must not return
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main(url: str, folder: Path, mode: str) -> None:
    run_order(url, folder, "run", 0, 0)  # imports everything, which the forked processes then have
    for number in range(1, MOST_POINTS):
        status = in_process(url, folder, mode, number, number)
        was_killed = os.WIFSIGNALED(status)
        if was_killed:
            status = in_process(url, folder, mode, number, 0)
        if status:
            sys.exit(f"the run that was killed at point {number} ended with status {status}")
        effects = folder / f"effects-{number}"
        report = json.loads((folder / f"report-{number}").read_text())
        done = effects.read_text().split() if effects.exists() else []
        sys.stdout.write(json.dumps({**report, "effects": done}) + "\n")
        if not was_killed:
            return
    sys.exit("the run did not end")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
