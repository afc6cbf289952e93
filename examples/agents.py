"""Agents: one model calls another as a tool, a call of the agent waits for approval, and the run is saved meanwhile.

Run it: python examples/agents.py. Uses OpenAI if OPENAI_API_KEY is set, otherwise a fake server.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import AgentEvent, Run, RunLimits, Tool, ToolStarted

QUESTION = "Book the cheapest train from Rome to Milan tomorrow, and tell me when it leaves."


def book(train: str, euros: float) -> str:
    """Book a train.

    Args:
        train: Name of the train.
        euros: What it costs.
    """
    return f"booked {train} for {euros} euros"


def print_event(event: Any) -> None:
    match event:
        case AgentEvent(call=call, event=ToolStarted(call=inner)):
            print(f"  {call.name}: {inner.name} {inner.arguments}")
        case ToolStarted(call=call):
            print(f"{call.name} {call.arguments}")


def main(folder: Path, **options: Any) -> None:
    with AIModelClient("openai/gpt-5.4-mini", **options) as client:
        booking = client.as_tool(
            "booking_agent",
            "Finds and books trains.",
            tools=[Tool.from_function(book, needs_approval=True)],
            instructions="Book IC 583 at 9:15 for 39 euros, the only train tomorrow.",
        )
        limits = RunLimits(rounds=8, cost=0.50)  # for both models together
        client.run(QUESTION, tools=[booking], limits=limits, on_event=print_event).save(folder / "run.json")

        # Here the process may end. Another one reads the file:
        run = Run.load(folder / "run.json")
        for call in run.pending:
            print(f"approved: {call.id} {call.arguments}")
        decided = run.decide({call.id: True for call in run.pending})
        done = client.run(resume=decided, tools=[booking], on_event=print_event)
        print(done.text)
        print(done.record.calls, "tool calls,", done.usage.total_tokens, "tokens,", done.cost.amount, "dollars")


with tempfile.TemporaryDirectory() as temporary:
    if "OPENAI_API_KEY" in os.environ:
        main(Path(temporary))
    else:
        ask = FakeToolCall(
            "booking_agent", {"prompt": "Book the cheapest train from Rome to Milan tomorrow."}, "call_1"
        )
        book_it = FakeToolCall("book", {"train": "IC 583", "euros": 39}, "call_7")
        replies = (Answer(tool_calls=(ask,)), Answer(tool_calls=(book_it,)), Answer(text="IC 583, 9:15, booked."))
        with FakeServer(*replies, Answer(text="Your train leaves at 9:15.")) as server:
            main(Path(temporary), api_key="none", base_url=f"{server.url}/v1")
