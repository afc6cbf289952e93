"""Function calling: a model calls a Python function, and each step is printed while it is streamed.

Run it: python examples/tools.py. Uses OpenAI if OPENAI_API_KEY is set, otherwise a fake server.
"""

import os
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import RunLimits, StreamingChatResponse, ToolEnded, ToolStarted


def exchange_rate(base: str, quote: str) -> float:
    """How much one unit of a currency is worth in another.

    Args:
        base: The currency to change from, such as EUR.
        quote: The currency to change to.
    """
    return {"EURUSD": 1.25, "USDEUR": 0.8}.get(base + quote, 1.0)


def main(**options: Any) -> None:
    question = "What are 20 euros worth in dollars?"
    limits = RunLimits(rounds=4, seconds=60)
    with AIModelClient("openai/gpt-5.4-mini", **options) as client:
        for event, run in client.run_streaming(question, tools=[exchange_rate], limits=limits):
            match event:
                case ToolStarted(call=call):
                    print(f"[{call.name} {call.arguments}]")
                case ToolEnded(tool=tool):
                    print(tool.outcome, tool.result.get_text() if tool.result else "")
                case StreamingChatResponse():
                    print(event.text_delta, end="", flush=True)
            if run:
                print()
                print(len(run.steps), "steps", run.usage.total_tokens, "tokens", run.stopped)


if "OPENAI_API_KEY" in os.environ:
    main()
else:
    call = FakeToolCall("exchange_rate", {"base": "EUR", "quote": "USD"})
    with FakeServer(Answer(tool_calls=(call,)), Answer(text="They are worth 25 dollars.")) as server:
        main(api_key="none", base_url=f"{server.url}/v1")
