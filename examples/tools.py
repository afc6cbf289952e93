"""A model that calls a function, streamed: every step is shown.

With OPENAI_API_KEY set it asks OpenAI; without, a fake provider on this machine.
"""

import os

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelEndpoint,
    RunLimits,
    StreamingChatResponse,
    ToolEnded,
    ToolStarted,
)


def exchange_rate(base: str, quote: str) -> float:
    """How much one unit of a currency is worth in another.

    Args:
        base: The currency to change from, such as EUR.
        quote: The currency to change to.
    """
    return {"EURUSD": 1.25, "USDEUR": 0.8}.get(base + quote, 1.0)


def show(endpoint: AIModelEndpoint) -> None:
    with AIModelClient(endpoint) as client:
        question = "What are 20 euros worth in dollars?"
        for event, run in client.run_streaming(question, tools=[exchange_rate], limits=RunLimits(rounds=4, seconds=60)):
            match event:
                case ToolStarted(call=call):
                    print(f"[{call.name} {call.arguments}]")
                case ToolEnded(tool=tool):
                    print(f"[{tool.outcome}: {tool.result.get_text() if tool.result else ''}]")
                case StreamingChatResponse():
                    print(event.text_delta, end="", flush=True)
            if run:
                print(f"\n({len(run.steps)} steps, {run.usage.total_tokens} tokens, {run.stopped})")


if os.environ.get("OPENAI_API_KEY"):
    show(AIModelEndpoint(api=AIModelAPI(provider="openai"), ai_model=AIModel(model_name="gpt-5.4-mini")))
else:
    call = FakeToolCall("exchange_rate", {"base": "EUR", "quote": "USD"})
    with FakeServer(Answer(tool_calls=(call,)), Answer(text="They are worth 25 dollars.")) as server:
        api = AIModelAPI(provider="openai", api_key="none", config={"base_url": f"{server.url}/v1"})
        show(AIModelEndpoint(api=api, ai_model=AIModel(model_name="fake")))
