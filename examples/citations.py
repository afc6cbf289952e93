"""Your own search results in a prompt, and the answer's citations of them.

With ANTHROPIC_API_KEY set it asks Anthropic; without, a fake provider on this machine.
"""

import json
import os

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer, Raw
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, SearchResultContent, TextContent

OTTERS = SearchResultContent(
    source="https://example.org/otters",
    title="Otters",
    texts=["Sea otters hold hands while they sleep.", "They weigh up to 45 kg."],
    citations=True,
)


def show(endpoint: AIModelEndpoint) -> None:
    with AIModelClient(endpoint) as client:
        answer = client.generate([OTTERS, "Do otters hold hands?"], max_output_tokens=200).chat_response
    for part in answer.contents:
        if isinstance(part, TextContent):
            print(part.text)
            for cited in part.citations:
                print(f"  {cited.title} ({cited.url}): {cited.cited_text}")


if os.environ.get("ANTHROPIC_API_KEY"):
    show(AIModelEndpoint(api=AIModelAPI(provider="anthropic"), ai_model=AIModel(model_name="claude-haiku-5-5")))
else:
    citation = {
        "type": "search_result_location",
        "cited_text": OTTERS.texts[0],
        "source": OTTERS.source,
        "title": OTTERS.title,
        "search_result_index": 0,
        "start_block_index": 0,
        "end_block_index": 1,
    }
    body = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "fake",
        "content": [{"type": "text", "text": "Yes, while they sleep.", "citations": [citation]}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 40, "output_tokens": 8},
    }
    with FakeServer(Raw(json.dumps(body).encode())) as server:
        api = AIModelAPI(provider="anthropic", api_key="none", config={"base_url": server.url})
        show(AIModelEndpoint(api=api, ai_model=AIModel(model_name="fake")))
