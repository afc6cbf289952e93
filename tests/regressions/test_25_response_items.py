"""Items of the Responses API may stand among messages; what only Responses knows goes back to it unchanged."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.history.vendor_messages import TYPES
from dhenara.ai.testing import Answer, FakeServer
from support.vendor_samples import flat, sample_of
from support.worlds import World, endpoint

REASONING = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "sealed"}
CALLS = [
    {"type": "function_call", "id": f"fc_{n}", "call_id": f"call_{n}", "name": "f", "arguments": "{}", "status": "done"}
    for n in (1, 2)
]
OUTPUTS = [{"type": "function_call_output", "call_id": f"call_{n}", "output": f"result {n}"} for n in (1, 2)]
MESSAGE = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "phase": "final_answer",
    "content": [{"type": "output_text", "text": "So.", "annotations": []}],
}
USER = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "?"}]}
HISTORY: list[Any] = [USER, REASONING, *CALLS, *OUTPUTS, MESSAGE, {"role": "user", "content": "And?"}]


def sent(server: FakeServer, messages: list[Any], provider: str = "openai", **config: Any) -> Any:
    server.add_replies(Answer(text="Done."))
    with AIModelClient(endpoint(server.url, provider, **config)) as client:
        answer = client.generate(messages=messages, max_output_tokens=9)
    return server.exchanges[-1].json, answer.chat_response


def test_items_go_back_as_they_came(server: FakeServer) -> None:
    body, answer = sent(server, HISTORY, protocol="openai_responses")
    assert body["input"] == [
        USER,
        REASONING,
        *CALLS,
        *OUTPUTS,
        MESSAGE,
        {**USER, "content": [{**TEXT, "text": "And?"}]},
    ]
    assert not answer.warnings


TEXT = {"type": "input_text", "text": "?"}


@pytest.mark.parametrize("streaming", [False, True])
def test_an_output_of_a_stored_call_is_an_item(world: World, streaming: bool, server: FakeServer) -> None:
    server.add_replies(Answer(text="Done."))
    client = AIModelClient(endpoint(server.url, protocol="openai_responses"))
    say = world.stream if streaming else world.run
    say(client, messages=[OUTPUTS[0]], options={"previous_response_id": "resp_1"})
    world.close(client)
    assert server.exchanges[0].json["input"] == [OUTPUTS[0]]


@pytest.mark.parametrize("provider", ["anthropic", "google_ai", "cohere", "ollama"])
def test_elsewhere_calls_results_and_words_are_translated(provider: str, server: FakeServer) -> None:
    body, answer = sent(server, HISTORY, provider)
    provided = str(body)
    assert "result 1" in provided
    assert "result 2" in provided
    assert "So." in provided
    assert "sealed" not in provided
    assert "not run" not in provided
    assert any("reasoning" in warning.message for warning in answer.warnings)


def typed_items() -> list[dict[str, Any]]:
    from openai.types.responses import ResponseInputItemParam

    actual = []
    for kind in flat(ResponseInputItemParam):
        item = sample_of(kind)
        if item.get("type") not in (None, "message", "function_call", "function_call_output"):
            actual.append(item)
    return actual


def test_every_item_type_of_the_sdk_arrives_unchanged(server: FakeServer) -> None:
    items = typed_items()
    assert len(items) > 20
    for item in items:
        body, answer = sent(server, [USER, item, "And?"], protocol="openai_responses")
        assert item in body["input"], item["type"]
        assert not answer.warnings


def test_every_item_type_of_the_sdk_is_known() -> None:
    assert {item["type"] for item in typed_items()} <= TYPES
