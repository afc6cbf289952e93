"""Remote MCP servers, which providers connect to: approval of their calls, and the calls with their results."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.conversation import Conversation
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.testing import Answer, FakeServer, Raw
from dhenara.ai.types import (
    MCPApproval,
    MCPApprovalRequest,
    MCPCall,
    Message,
    RemoteMCP,
    Run,
    ToolCallContent,
    read_mcp_calls,
)
from support.corpus import CORPUS
from support.worlds import Blocking, World, endpoint

MODEL = "gpt-5-codex"
REQUEST = {
    "type": "mcp_approval_request",
    "id": "mcpr_1",
    "name": "create_link",
    "server_label": "links",
    "arguments": '{"url": "https://a.example"}',
}
LINKS = RemoteMCP(name="links", url="https://links.example/mcp", needs_approval=True)


def answer(*items: dict[str, Any]) -> Raw:
    body = {"id": "resp_1", "object": "response", "status": "completed", "model": MODEL, "output": list(items)}
    return Raw(json.dumps(body).encode())


def runs(world: World, server: FakeServer, *settings: dict[str, Any]) -> list[Any]:
    """The runs with these settings; `messages` may be a function of the run before."""
    client, results = AIModelClient(endpoint(server.url, "openai", MODEL)), []
    for given in settings:
        given = {name: value(results[-1]) if name == "messages" else value for name, value in given.items()}
        results.append(world.ask(client, "run", **{"tools": [LINKS], **given}))
    world.close(client)
    return results


def last_input(server: FakeServer) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = server.exchanges[-1].json["input"]
    return items


def test_without_a_decision_the_run_waits_for_approval(world: World) -> None:
    with FakeServer(answer(REQUEST)) as server:
        (run,) = runs(world, server, {"prompt": "Shorten it."})
    assert run.stopped == "pending"
    assert [tool.needs_approval for tool in run.tools] == [True]
    (call,) = run.pending
    assert call.action == MCPApprovalRequest(server="links", tool="create_link", arguments={"url": "https://a.example"})


@pytest.mark.parametrize(
    ("decision", "sent"),
    [
        (True, {"approve": True}),
        (False, {"approve": False}),
        ("too risky", {"approve": False, "reason": "the user declined this call: too risky"}),
    ],
)
def test_approve_decides_on_a_request(world: World, decision: Any, sent: dict[str, Any]) -> None:
    calls: list[ToolCallContent] = []

    def approve(call: ToolCallContent) -> Any:
        calls.append(call)
        return decision

    with FakeServer(answer(REQUEST), Answer(text="Done.")) as server:
        (run,) = runs(world, server, {"prompt": "Shorten it.", "approve": approve})
        assert last_input(server)[-2:] == [
            REQUEST,
            {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", **sent},
        ]
    assert run.text() == "Done."
    assert [call.name for call in calls] == ["mcp_approval_request"]


def test_other_arguments_do_not_approve_a_request(world: World) -> None:
    with FakeServer(answer(REQUEST)) as server:
        with pytest.raises(ConfigurationError, match="Decide with True or False"):
            runs(world, server, {"prompt": "Shorten it.", "approve": lambda call: {"url": "https://b.example"}})
        assert len(server.exchanges) == 1  # nothing was approved


def test_a_request_can_be_decided_on_later(world: World) -> None:
    with FakeServer(answer(REQUEST), Answer(text="Done.")) as server:
        _, run = runs(
            world,
            server,
            {"prompt": "Shorten it."},
            {"messages": lambda run: run.messages, "approve": lambda call: True},
        )
        assert last_input(server)[-1]["approve"] is True
    assert run.text() == "Done."


@pytest.mark.parametrize(("decision", "approve"), [(True, True), (False, False), ("too risky", False)])
def test_a_saved_run_goes_on_after_the_decision(world: World, decision: Any, approve: bool) -> None:
    with FakeServer(answer(REQUEST), Answer(text="Done.")) as server:
        client = AIModelClient(endpoint(server.url, "openai", MODEL))
        run = world.ask(client, "run", "Shorten it.", tools=[LINKS])
        loaded: Run[Any] = Run.from_json(run.to_json())
        done = world.ask(client, "run", resume=loaded.decide({"mcpr_1": decision}), tools=[LINKS])
        world.close(client)
        assert last_input(server)[-1]["approve"] is approve
    assert done.text() == "Done."


def test_the_same_request_may_be_approved_many_times(world: World) -> None:
    replies = [answer({**REQUEST, "id": f"mcpr_{n}"}) for n in range(5)]
    with FakeServer(*replies, Answer(text="Done.")) as server:
        (run,) = runs(world, server, {"prompt": "Shorten it.", "approve": lambda call: True})
    assert [tool.outcome for tool in run.tools] == ["ran"] * 5


def test_a_request_is_typed_in_a_plain_answer_and_answered_with_an_approval(world: World) -> None:
    with FakeServer(answer(REQUEST), Answer(text="Done.")) as server:
        client = AIModelClient(endpoint(server.url, "openai", MODEL))
        response = world.run(client, "Shorten it.", tools=[LINKS])
        (call,) = response.tool_calls
        assert isinstance(call.action, MCPApprovalRequest)
        result = MCPApproval(approve=False, reason="Not now.").to_result(call)
        world.run(
            client,
            messages=["Shorten it.", response.chat_response.to_message(), Message(role="tool", contents=[result])],
        )
        world.close(client)
        assert last_input(server)[-1] == {
            "type": "mcp_approval_response",
            "approval_request_id": "mcpr_1",
            "approve": False,
            "reason": "Not now.",
        }


def test_a_conversation_carries_approvals() -> None:
    with FakeServer(answer(REQUEST), Answer(text="Done."), Answer(text="Yes.")) as server:
        client = AIModelClient(endpoint(server.url, "openai", MODEL))
        conversation = Conversation(client)
        conversation.run("Shorten it.", tools=[LINKS], approve=lambda call: True)
        loaded = Conversation.from_json(conversation.to_json(), client)
        loaded.ask("Did you?")
        client.close()
        assert [item["type"] for item in last_input(server) if item["type"].startswith("mcp")] == [
            "mcp_approval_request",
            "mcp_approval_response",
        ]


@pytest.mark.parametrize(
    ("settings", "written"),
    [
        ({}, "never"),
        ({"needs_approval": True}, "always"),
        ({"needs_approval": ("delete",)}, {"always": {"tool_names": ["delete"]}}),
        (
            {"needs_approval": ("delete",), "allowed_tools": ("read", "delete")},
            {"always": {"tool_names": ["delete"]}, "never": {"tool_names": ["read"]}},
        ),
    ],
)
def test_which_calls_need_approval_is_sent(settings: dict[str, Any], written: Any) -> None:
    from openai.types.responses.tool_param import Mcp
    from pydantic import TypeAdapter

    with FakeServer(Answer(text="Done.")) as server:
        runs(Blocking(), server, {"prompt": "?", "tools": [RemoteMCP(name="a", url="https://a.example", **settings)]})
        (tool,) = server.exchanges[-1].json["tools"]
    assert tool["require_approval"] == written
    TypeAdapter(Mcp).validate_python(tool)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("anthropic", "claude-sonnet-5"),
        ("google_ai", "gemini-3.5-flash"),
        ("xai", "grok-4.3"),
        ("groq", "openai/gpt-oss-120b"),
    ],
)
def test_a_server_whose_calls_need_approval_is_left_out_where_the_provider_cannot_ask(
    provider: str, model: str
) -> None:
    config = {"protocol": "openai_responses"} if provider == "xai" else {}
    with FakeServer(Answer(text="Done.")) as server:
        at = endpoint(server.url, provider, model, **config)
        with AIModelClient(at) as client:
            response = client.generate("?", tools=[LINKS])
        assert "links.example" not in json.dumps(server.exchanges[-1].json)
    assert "remote_mcp.needs_approval" in [warning.parameter for warning in response.chat_response.warnings]


def recorded(file: str, name: str) -> bytes:
    if not CORPUS.is_dir():
        pytest.skip("there are no recordings here")
    with gzip.open(CORPUS / file, "rt", encoding="utf-8") as lines:
        for line in lines:
            exchange = json.loads(line)
            if exchange["id"].endswith(name):
                body = exchange["response_body"]
                return (body if isinstance(body, str) else json.dumps(body)).encode()
    raise AssertionError(f"{name} is not recorded")


def calls_of(provider: str, model: str, body: bytes) -> Sequence[MCPCall]:
    with FakeServer(Raw(body)) as server, AIModelClient(endpoint(server.url, provider, model)) as client:
        return read_mcp_calls(client.generate("?").chat_response.contents)


def test_calls_that_anthropic_ran_are_typed() -> None:
    body = recorded("anthropic-anthropic-messages.jsonl.gz", "anthropic-mcp.1.json#0")
    (call,) = calls_of("anthropic", "claude-sonnet-5", body)
    assert (call.server, call.tool, call.arguments) == ("echo", "echo", {"message": "hello world"})
    assert (call.output, call.error) == ("Tool echo: hello world", None)
    failed = body.replace(b'"is_error": false', b'"is_error": true')
    (call,) = calls_of("anthropic", "claude-sonnet-5", failed)
    assert (call.output, call.error) == (None, "Tool echo: hello world")


def test_calls_that_openai_ran_are_typed_with_their_errors() -> None:
    body = recorded("openai-openai-responses.jsonl.gz", "openai-mcp-tool-approval.4.json#0")
    (call,) = calls_of("openai", MODEL, body)
    assert (call.server, call.tool) == ("zip1", "create_short_url")
    assert call.output is not None
    assert call.output.startswith("✅ Short U")
    body = recorded("openai-openai-responses.jsonl.gz", "openai_responses_model_mcp_server_tool_with_connector.yaml#0")
    problem = "An unknown error occurred while executing the tool."
    assert [(one.tool, one.output, one.error) for one in calls_of("openai", MODEL, body)] == [
        ("search_events", None, problem)
    ] * 2


def test_a_recorded_request_for_approval_is_approved_in_a_stream() -> None:
    body = recorded("openai-openai-responses.jsonl.gz", "openai-mcp-tool-approval.1.chunks.txt#0")
    reply = Raw(body, 200, {"content-type": "text/event-stream"})
    with FakeServer(reply, Answer(text="Done.")) as server:
        client = AIModelClient(endpoint(server.url, "openai", MODEL))
        events = list(client.run_streaming("?", tools=[LINKS], approve=lambda call: True))
        client.close()
        sent = [item for item in last_input(server) if item.get("type") == "mcp_approval_response"]
    assert events[-1][1].text() == "Done."
    assert [one["approve"] for one in sent] == [True]


def test_calls_that_groq_ran_are_typed() -> None:
    """In Responses without ids, as Groq's documentation has them, and among the tools that ran in Chat."""
    call = {
        "type": "mcp_call",
        "server_label": "Huggingface",
        "name": "model_search",
        "arguments": '{"limit":10}',
        "output": "Showing first 10 models",
    }
    about = {"id": "resp_1", "object": "response", "status": "completed", "model": "m"}
    listed = {"type": "mcp_list_tools", "id": "mcpl_1", "server_label": "Huggingface", "tools": []}
    body = json.dumps({**about, "output": [listed, call]}).encode()
    expected = MCPCall(
        server="Huggingface", tool="model_search", arguments={"limit": 10}, output="Showing first 10 models"
    )
    with FakeServer(Raw(body)) as server:
        at = endpoint(server.url, "groq", "openai/gpt-oss-120b", protocol="openai_responses")
        with AIModelClient(at) as client:
            assert read_mcp_calls(client.generate("?").chat_response.contents) == [expected]
    ran = {**call, "type": "mcp", "index": 0}
    message = {"role": "assistant", "content": "Ten.", "executed_tools": [ran]}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = json.dumps({"id": "c", "object": "chat.completion", "model": "m", "choices": [choice]}).encode()
    [read] = calls_of("groq", "openai/gpt-oss-120b", body)
    assert read.model_copy(update={"id": None}) == expected
