"""Hand several questions over at half the price, and read the answers when they are there.

With ANTHROPIC_API_KEY, Claude answers within a day; without, a fake provider does at once.
"""

import json
import os
from contextlib import ExitStack

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer, Raw
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint

QUESTIONS = ["The capital of France?", "The capital of Italy?"]


def job(status: str) -> Raw:
    counts = {"processing": 0, "succeeded": 2, "errored": 0, "canceled": 0, "expired": 0}
    return Raw(json.dumps({"id": "msgbatch_1", "processing_status": status, "request_counts": counts}).encode())


def result(key: str, text: str) -> str:
    said = {"content": [{"type": "text", "text": text}], "usage": {"input_tokens": 10, "output_tokens": 5}}
    message = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "stop_reason": "end_turn",
    }
    return json.dumps(
        {"custom_id": key, "result": {"type": "succeeded", "message": {**message, **said, "stop_reason": "end_turn"}}}
    )


with ExitStack() as stack:
    if os.environ.get("ANTHROPIC_API_KEY"):
        api = AIModelAPI(provider="anthropic")
    else:
        answers = Raw(f"{result('1', 'Rome')}\n{result('0', 'Paris')}".encode())
        server = stack.enter_context(FakeServer(job("in_progress"), job("ended"), job("ended"), answers))
        api = AIModelAPI(provider="anthropic", api_key="none", config={"base_url": server.url})
    endpoint = AIModelEndpoint(api=api, ai_model=AIModel(model_name="claude-haiku-4-5"))
    client = stack.enter_context(AIModelClient(endpoint))

    batch = client.wait_for_batch(client.submit_batch(QUESTIONS, max_output_tokens=20))
    found = client.batch_results(batch)
    for question, item in zip(QUESTIONS, found, strict=True):
        print(question, item.text if item.error is None else item.error)
    print("cost:", found.cost)
