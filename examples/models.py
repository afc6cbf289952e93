"""What is known about a model, what its provider says it has, and what happens to settings that it does not take.

With OPENAI_API_KEY set this asks OpenAI; without a key, a fake provider in this process.
"""

import os
from contextlib import nullcontext
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.catalog import find_facts
from dhenara.ai.testing import Answer, FakeServer, Raw

LIST = Raw(b'{"data": [{"id": "gpt-5", "owned_by": "openai"}, {"id": "gpt-5.2", "owned_by": "openai"}]}')
has_key = "OPENAI_API_KEY" in os.environ

with nullcontext() if has_key else FakeServer(LIST, Answer(text="Hello!")) as fake:
    options: dict[str, Any] = {"api_key": "none", "base_url": f"{fake.url}/v1"} if fake else {}
    with AIModelClient("openai/gpt-5", **options) as client:
        for model in client.list_models()[:5]:
            facts = find_facts(model.id)
            print(model.id, facts.context_window if facts else "nothing is known")
        answer = client.generate("Say hello.", temperature=0.2, reasoning_effort="max").chat_response

print(answer.text)
for warning in answer.warnings:
    print(f"- {warning.message}")
