"""List the models of a provider with their context windows, and see what happens to unsupported parameters.

Run it: python examples/models.py. Uses OpenAI if OPENAI_API_KEY is set, otherwise a fake server.
"""

import os
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.catalog import find_facts
from dhenara.ai.testing import Answer, FakeServer, Raw


def main(**options: Any) -> None:
    with AIModelClient("openai/gpt-5.4-mini", **options) as client:
        for model in client.list_models()[:5]:
            facts = find_facts(model.id)
            print(model.id, facts.context_window if facts else "unknown model")
        response = client.generate("Say hello.", temperature=0.2, reasoning_effort="max")
    print(response.text)
    for warning in response.warnings:
        print("warning:", warning.message)


MODELS = Raw(b'{"data": [{"id": "gpt-5.4", "owned_by": "openai"}, {"id": "gpt-5.4-mini", "owned_by": "openai"}]}')

if "OPENAI_API_KEY" in os.environ:
    main()
else:
    with FakeServer(MODELS, Answer(text="Hello!")) as server:
        main(api_key="none", base_url=f"{server.url}/v1")
