"""The fake provider says what the vendors' own clients understand."""

from __future__ import annotations

import anthropic
import httpx2
import openai
import pytest

from dhenara.ai.testing import Answer, DialectReply, FakeServer, FakeToolCall, FakeUsage, Raw, Refusal

FULL = Answer(
    text="Fine & häßlich 🙂 " * 5,
    reasoning="Let me see.",
    tool_calls=(FakeToolCall("weather", {"city": "Köln"}, "call_1"), FakeToolCall("add", {}, "call_2")),
    usage=FakeUsage(input=11, output=9, cache_read=5),
    id="answer-7",
    model="fake-9",
)
MADE = [("call_1", "weather"), ("call_2", "add")]


def test_openais_client_reads_a_whole_answer(server: FakeServer) -> None:
    server.add_replies(FULL)
    with openai.OpenAI(api_key="x", base_url=f"{server.url}/v1") as client:
        whole = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "?"}])
    message = whole.choices[0].message
    assert (whole.id, whole.model, message.content) == ("answer-7", "fake-9", FULL.text)
    assert [(c.id, c.function.name) for c in message.tool_calls or [] if c.type == "function"] == MADE
    assert whole.usage is not None
    assert (whole.usage.prompt_tokens, whole.usage.total_tokens) == (16, 25)


def test_openais_client_reads_a_stream(server: FakeServer) -> None:
    server.add_replies(FULL)
    with (
        openai.OpenAI(api_key="x", base_url=f"{server.url}/v1") as client,
        client.chat.completions.stream(
            model="m", messages=[{"role": "user", "content": "?"}], stream_options={"include_usage": True}
        ) as stream,
    ):
        final = stream.get_final_completion()
    assert final.choices[0].message.content == FULL.text
    assert [(c.id, c.function.arguments) for c in final.choices[0].message.tool_calls or []] == [
        ("call_1", '{"city": "K\\u00f6ln"}'),
        ("call_2", "{}"),
    ]
    assert final.usage is not None
    assert final.usage.total_tokens == 25


@pytest.mark.parametrize("streamed", [False, True])
def test_anthropics_client_reads_an_answer(streamed: bool, server: FakeServer) -> None:
    server.add_replies(FULL)
    with anthropic.Anthropic(api_key="x", base_url=server.url) as client:
        requested = {"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "?"}]}
        if streamed:
            with client.messages.stream(**requested) as stream:  # type: ignore[arg-type]  # one request for both ways
                message = stream.get_final_message()
        else:
            message = client.messages.create(**requested)  # type: ignore[call-overload]  # as above
    assert [block.type for block in message.content] == ["thinking", "text", "tool_use", "tool_use"]
    assert message.content[1].text == FULL.text
    assert message.content[2].input == {"city": "Köln"}
    assert (message.id, message.stop_reason, message.usage.output_tokens) == ("answer-7", "tool_use", 9)


@pytest.mark.parametrize(
    ("status", "kind"), [(401, openai.AuthenticationError), (404, openai.NotFoundError), (429, openai.RateLimitError)]
)
def test_errors_have_the_vendors_shape(status: int, kind: type[Exception], server: FakeServer) -> None:
    server.add_replies(Refusal(status, "no"))
    with openai.OpenAI(api_key="x", base_url=f"{server.url}/v1", max_retries=0) as client, pytest.raises(kind):
        client.chat.completions.create(model="m", messages=[])


def test_requests_are_recorded(server: FakeServer) -> None:
    server.add_replies(Raw(b"{}"), DialectReply(FULL))
    with httpx2.Client() as client:
        client.post(f"{server.url}/x?y=1", json={"a": 1}, headers={"X-Name": "v"})
        client.post(f"{server.url}/v1/messages", json={})
    first, second = server.exchanges
    assert (first.method, first.path, first.json, first.headers["x-name"]) == ("POST", "/x?y=1", {"a": 1}, "v")
    assert first.connection == second.connection == server.connections == 1
    assert second.at >= first.at
