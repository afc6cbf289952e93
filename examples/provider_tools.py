"""A model searches, reads a page and runs code at its provider; the program shows what was done.

Run it: python examples/provider_tools.py
It uses a fake server, so that it needs no key. With a real model, remove the server and `base_url`.
"""

from __future__ import annotations

import json

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer, Raw
from dhenara.ai.types import CodeExecution, WebFetch, WebSearch


def call(name: str, call_id: str, **arguments: object) -> dict[str, object]:
    return {"type": "server_tool_use", "id": call_id, "name": name, "input": arguments}


def result(name: str, call_id: str, content: object) -> dict[str, object]:
    return {"type": f"{name}_tool_result", "tool_use_id": call_id, "content": content}


PAGE = {"type": "web_search_result", "url": "https://www.python.org/downloads", "title": "Downloads"}
RAN = {"type": "code_execution_result", "stdout": "2", "stderr": "", "return_code": 0, "content": []}
MESSAGE = {
    "id": "m1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-5",
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 9, "output_tokens": 5, "server_tool_use": {"web_search_requests": 1}},
    "container": {"id": "container_1", "expires_at": "2026-12-01T10:00:00Z"},
    "content": [
        call("web_search", "s1", query="newest Python"),
        result("web_search", "s1", [PAGE]),
        call("code_execution", "s2", code="print(1 + 1)"),
        result("code_execution", "s2", RAN),
        {"type": "text", "text": "Python 3.14 is the newest."},
    ],
}
"""What the model of the fake server answers."""


def main() -> None:
    with FakeServer() as server:
        server.add_replies(Raw(json.dumps(MESSAGE).encode()))
        client = AIModelClient("anthropic/claude-sonnet-5", api_key="none", base_url=server.url)
        tools = [WebSearch(max_uses=2), WebFetch(), CodeExecution()]
        response = client.generate("Which Python is the newest?", tools=tools).chat_response
        for one in response.hosted_tools:
            print(one.tool, one.arguments, "->", one.output or [source.url for source in one.sources])
        print(response.text, response.sources)
        print(response.container, response.usage.server_tool_requests)


if __name__ == "__main__":
    main()
