"""Pass your own search results to a model, and print what the answer cites (RAG).

Run it: python examples/citations.py. Uses Anthropic if ANTHROPIC_API_KEY is set, otherwise a fake server.
"""

import json
import os
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer, Raw
from dhenara.ai.types import SearchResultContent, TextContent

REFUNDS = SearchResultContent(
    source="https://example.org/refunds",
    title="Refunds",
    texts=["Goods can be returned within 30 days.", "The money is paid back within a week."],
    citations=True,
)


def main(**options: Any) -> None:
    with AIModelClient("anthropic/claude-sonnet-5", **options) as client:
        response = client.generate([REFUNDS, "How long can I return goods?"], max_output_tokens=200)
    for part in response.chat_response.contents:
        if isinstance(part, TextContent):
            print(part.text)
            for cited in part.citations:
                print(f"  {cited.title} ({cited.url}): {cited.cited_text}")


CITATION = {
    "type": "search_result_location",
    "cited_text": REFUNDS.texts[0],
    "source": REFUNDS.source,
    "title": REFUNDS.title,
    "search_result_index": 0,
    "start_block_index": 0,
    "end_block_index": 1,
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-5",
    "content": [{"type": "text", "text": "For 30 days.", "citations": [CITATION]}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 40, "output_tokens": 8},
}

if "ANTHROPIC_API_KEY" in os.environ:
    main()
else:
    with FakeServer(Raw(json.dumps(MESSAGE).encode())) as server:
        main(api_key="none", base_url=server.url)
