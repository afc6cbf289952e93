"""Conversations that move between models: what goes, what stays, who says so beforehand and afterwards."""

from __future__ import annotations

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import UnsupportedError
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import (
    ChatResponse,
    FileContent,
    ImageContent,
    Message,
    Prompt,
    TextContent,
    ToolCallContent,
    ToolResultContent,
    VideoContent,
)
from support.worlds import World, endpoint

THOUGHT = Answer(text="Four.", reasoning="Two and two.", signature="c2lnbmVkIGJ5IGNsYXVkZQ==")


def claude(server: FakeServer, model: str = "claude-opus-5-5") -> AIModelClient:
    return AIModelClient(endpoint(server.url, "anthropic", model))


def gpt(server: FakeServer) -> AIModelClient:
    return AIModelClient(endpoint(server.url))


def kinds(server: FakeServer, turn: int) -> list[str]:
    return [block["type"] for block in server.exchanges[-1].json["messages"][turn]["content"]]


def test_a_plan_sends_nothing(server: FakeServer) -> None:
    server.add_replies(THOUGHT)
    first = claude(server).generate("2 + 2?")
    plan = gpt(server).plan(messages=["2 + 2?", first, "Sure?"])
    assert [(p.kind, p.outcome) for p in plan.parts] == [
        ("text", "verbatim"),
        ("reasoning", "omitted"),
        ("text", "translated"),
        ("text", "verbatim"),
    ]
    assert plan.lossy
    assert plan.omitted[0].reason == "it belongs to its origin"
    assert len(server.exchanges) == 1
    assert not claude(server).plan(messages=["2 + 2?", first, "Sure?"]).lossy


def test_the_answer_reports_the_same_plan(world: World, server: FakeServer) -> None:
    server.add_replies(THOUGHT, Answer(text="Yes."), Answer(text="Yes."))
    first = world.run(claude(server), "2 + 2?")
    assert first.plan is None
    client = gpt(server)
    history = ["2 + 2?", first, "Sure?"]
    plain = world.run(client, messages=history)
    streamed = world.stream(client, messages=history)[-1][1]
    assert plain.plan == streamed.plan == client.plan(messages=history)
    assert isinstance(plain.chat_response, ChatResponse)
    assert [warning.code for warning in plain.chat_response.warnings] == ["dropped_content"]
    world.close(client)


def test_strict_refuses_to_leave_anything_at_home(world: World, server: FakeServer) -> None:
    server.add_replies(THOUGHT)
    first = world.run(claude(server), "2 + 2?")
    client = gpt(server)
    with pytest.raises(UnsupportedError, match="reasoning of another provider"):
        world.run(client, messages=["2 + 2?", first, "Sure?"], strict=True)
    assert len(server.exchanges) == 1


def test_what_the_user_gave_is_in_the_plan_too(server: FakeServer) -> None:
    film = Prompt(contents=[VideoContent(data=b"film", mime_type="video/mp4")])
    provided = Message(role="assistant", contents=[TextContent(text="A film.")])
    (part, *_) = claude(server).plan(messages=[film, provided, "And now?"]).parts
    assert (part.kind, part.outcome) == ("video", "omitted")


def test_bound_thinking_goes_back_under_the_conversation_it_was_made_in(world: World, server: FakeServer) -> None:
    server.add_replies(THOUGHT, THOUGHT, THOUGHT)
    client = claude(server)
    first = world.run(client, "2 + 2?", instructions="Be brief.")
    second = world.run(client, messages=["2 + 2?", first, "Sure?"], instructions="Be brief.")
    assert kinds(server, 1) == ["thinking", "text"]
    world.run(client, messages=["2 + 2?", first, "Sure?", second, "Really?"], instructions="Be brief.")
    assert kinds(server, 1) == kinds(server, 3) == ["thinking", "text"]
    world.close(client)


@pytest.mark.parametrize("streaming", [False, True])
def test_bound_thinking_is_omitted_when_the_beginning_has_changed(
    streaming: bool, world: World, server: FakeServer
) -> None:
    """Dropping one thought changes what the next one stands under, so it is omitted as well."""
    server.add_replies(THOUGHT, THOUGHT, Answer(text="Yes."))
    client = claude(server)
    history: list[object] = ["2 + 2?"]
    for question in ("Sure?", "Really?"):
        if streaming:
            history.append(world.stream(client, messages=history, instructions="Be brief.")[-1][1])
        else:
            history.append(world.run(client, messages=history, instructions="Be brief."))
        history.append(question)
    answer = world.run(client, messages=history, instructions="Be long.")
    assert kinds(server, 1) == kinds(server, 3) == ["text"]
    assert answer.plan is not None
    assert [part.message for part in answer.plan.omitted] == [1, 3]
    world.close(client)


def test_bedrock_binds_as_claude_does_everywhere(world: World, server: FakeServer) -> None:
    server.add_replies(THOUGHT, THOUGHT, THOUGHT)
    client = AIModelClient(endpoint(server.url, "amazon_bedrock", "us.anthropic.claude-opus-5-5", region="us-east-1"))
    question = Prompt(contents=["?", FileContent(data=b"a", mime_type="application/pdf", name="a.pdf")] * 2)
    first = world.run(client, question, instructions="Be brief.")
    second = world.run(client, messages=[question, first, "Sure?"], instructions="Be brief.")
    assert "reasoningContent" in server.exchanges[1].json["messages"][1]["content"][0]
    assert client.plan(messages=[question, first, "Sure?", second, "?"], instructions="Be brief.").omitted == []
    assert len(client.plan(messages=[question, first, "Sure?", second, "?"]).omitted) == 2
    world.close(client)


def test_reasoning_is_not_sent_after_another_question_or_with_other_tools(server: FakeServer) -> None:
    server.add_replies(THOUGHT)
    client = claude(server)
    first = client.generate("2 + 2?")
    tools = [{"name": "add"}]
    assert client.plan(messages=["2 + 2?", first, "Sure?"]).omitted == []
    assert len(client.plan(messages=["2 + 3?", first, "Sure?"]).omitted) == 1
    assert len(client.plan(messages=["2 + 2?", first, "Sure?"], tools=tools).omitted) == 1


def test_thinking_of_models_that_do_not_bind_it_goes_back_anyway(server: FakeServer) -> None:
    server.add_replies(THOUGHT)
    client = claude(server, "claude-sonnet-4-5")
    first = client.generate("2 + 2?")
    assert client.plan(messages=["2 + 3?", first, "Sure?"]).omitted == []
    assert claude(server).plan(messages=["2 + 3?", first, "Sure?"]).omitted == []


def test_bound_thinking_survives_being_saved(server: FakeServer) -> None:
    server.add_replies(THOUGHT)
    client = claude(server)
    first = client.generate("2 + 2?").chat_response
    assert first is not None
    retained = ChatResponse.model_validate_json(first.model_dump_json())
    assert client.plan(messages=["2 + 2?", retained, "Sure?"]).omitted == []


@pytest.mark.parametrize("provider", ["openai", "anthropic", "google_ai", "amazon_bedrock", "cohere", "ollama"])
def test_a_history_that_no_vendor_would_take_is_mended(provider: str) -> None:
    """A call without an id, one without a result, and a result without a call."""
    made = {"role": "assistant", "contents": [ToolCallContent(name="look"), ToolCallContent(id="c1", name="add")]}
    results = [ToolResultContent(call_id="", name="look", output="a tree"), ToolResultContent(call_id="gone", output=1)]
    with FakeServer(Answer(text="A tree."), strict=True) as server:
        client = AIModelClient(endpoint(server.url, provider))
        answer = client.generate(messages=["Look!", made, *results, "And?"]).chat_response
        client.close()
    assert answer is not None
    assert answer.text() == "A tree."
    assert "a tree" in server.exchanges[0].body.decode()
    reported = [warning.message for warning in answer.warnings]
    assert any("no open call" in provided for provided in reported)
    assert any("has no result" in provided for provided in reported)


@pytest.mark.parametrize("provider", ["openai", "anthropic", "google_ai", "amazon_bedrock", "cohere", "ollama"])
def test_repeated_ids_become_unique(provider: str) -> None:
    requested = Answer(tool_calls=(FakeToolCall("look", {}, "call_0"),))
    with FakeServer(requested, requested, Answer(text="Done."), strict=True) as server:
        client = AIModelClient(endpoint(server.url, provider))
        history: list[object] = ["Look!"]
        for _ in range(2):
            history += [client.generate(messages=history), ToolResultContent(call_id="call_0", output="a tree")]
        assert client.generate(messages=history).chat_response.text() == "Done."  # type: ignore[union-attr]  # it is
        client.close()


def test_the_user_waits_for_the_model_where_the_vendor_insists(server: FakeServer) -> None:
    """Mistral wants to say something to a result before the user goes on, and takes ids of nine letters."""
    server.add_replies(Answer(text="Yes."))
    made = {"role": "assistant", "contents": [ToolCallContent(id="call_1", name="look")]}
    with AIModelClient(endpoint(server.url, "mistral")) as client:
        client.generate(messages=["Look!", made, ToolResultContent(call_id="call_1", output="a tree"), "And?"])
    reported = server.exchanges[0].json["messages"]
    assert [message["role"] for message in reported] == ["user", "assistant", "tool", "assistant", "user"]
    assert len(reported[1]["tool_calls"][0]["id"]) == 9
    assert reported[1]["tool_calls"][0]["id"] == reported[2]["tool_call_id"]


@pytest.mark.parametrize("protocol", ["openai_chat", "openai_responses"])
def test_ids_that_are_too_long_are_shortened_alike(protocol: str, server: FakeServer) -> None:
    server.add_replies(Answer(text="Yes."))
    long = "call_" + "x" * 100
    made = {"role": "assistant", "contents": [ToolCallContent(id=long, name="look")]}
    with AIModelClient(endpoint(server.url, protocol=protocol)) as client:
        client.generate(messages=["Look!", made, ToolResultContent(call_id=long, output="a tree"), "And?"])
    body = server.exchanges[0].json
    if protocol == "openai_chat":
        ids = {body["messages"][1]["tool_calls"][0]["id"], body["messages"][2]["tool_call_id"]}
    else:
        ids = {item["call_id"] for item in body["input"] if "call_id" in item}
    assert len(ids) == 1
    assert len(ids.pop()) <= 40


@pytest.mark.parametrize(("provider", "beta"), [("anthropic", "files-api-2025-04-14"), ("openai", None)])
def test_files_that_the_provider_has_already_go_by_their_id(
    provider: str, beta: str | None, server: FakeServer
) -> None:
    server.add_replies(Answer(text="A letter."))
    with AIModelClient(endpoint(server.url, provider)) as client:
        client.generate(["What is this?", FileContent.from_file_id("file-1")])
    assert b'"file-1"' in server.exchanges[0].body
    assert server.exchanges[0].headers.get("anthropic-beta") == beta


@pytest.mark.parametrize("provider", ["openai", "cohere", "amazon_bedrock"])
def test_a_picture_by_its_id_is_omitted_where_ids_say_nothing(provider: str, server: FakeServer) -> None:
    server.add_replies(Answer(text="What?"))
    with AIModelClient(endpoint(server.url, provider)) as client:
        answer = client.generate(["What is this?", ImageContent.from_file_id("file-1")])
    assert b"base64," not in server.exchanges[0].body
    assert answer.chat_response.warnings[0].code == "dropped_content"


@pytest.mark.parametrize(
    ("provider", "model"), [("anthropic", "claude-opus-5-5"), ("amazon_bedrock", "claude-opus-5-5")]
)
def test_marks_for_caches_may_wander_without_moving_thinking(provider: str, model: str, server: FakeServer) -> None:
    server.add_replies(THOUGHT)
    name = model if provider == "anthropic" else f"eu.anthropic.{model}"
    client = AIModelClient(endpoint(server.url, provider, name, region="eu-west-1"))
    first = client.generate(Prompt(text="2 + 2?", cache="short"))
    assert client.plan(messages=["2 + 2?", first, Prompt(text="Sure?", cache="short")]).omitted == []
    client.close()
