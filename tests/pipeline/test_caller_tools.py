"""Tools that a provider defines and the caller runs: declared per provider, run by executors, answered in its shape."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from anthropic.types.beta import BetaToolUnionParam
from google.genai import types as google_types
from openai.types.chat import ChatCompletionToolUnionParam
from openai.types.responses import ToolParam
from pydantic import TypeAdapter

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError, SyncAsyncMismatchError
from dhenara.ai.providers.target import resolve
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall, Raw
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelCallConfig,
    AIModelEndpoint,
    ApplyPatch,
    Call,
    ComputerAction,
    ComputerUse,
    CustomTool,
    EditorAction,
    Memory,
    Message,
    PatchOperation,
    PatchResult,
    Prompt,
    Screenshot,
    Shell,
    ShellAction,
    ShellResult,
    TextEditor,
    ToolCallContent,
    ToolChoice,
)
from support.corpus import exchanges
from support.runs import go, go_streaming
from support.vendors import responses
from support.worlds import World, endpoint

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
SQL = CustomTool(name="sql", description="Runs SQL.", grammar="start: /.+/")
GRAMMAR = {"syntax": "lark", "definition": "start: /.+/"}
RESPONSES = {"protocol": "openai_responses"}


def encode(provider: str, model: str, *tools: Any, **config: Any) -> Any:
    """The encoded request with these tools."""
    api = {"region": "us-east-1", **config.pop("api", {})}
    at = AIModelEndpoint(api=AIModelAPI(provider=provider, api_key="k", config=api), ai_model=AIModel(model_name=model))
    target = resolve(at, {})
    settings = AIModelCallConfig(tools=tools, **config)
    return target.codec.encode(Call(at, (Prompt(text="?"),), settings), target.quirks)


BASH = {"type": "bash_20250124", "name": "bash"}
EDITOR = {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"}
SCREEN = {"name": "computer", "display_width_px": 1024, "display_height_px": 768}
DECLARED: list[tuple[str, str, Any, dict[str, Any]]] = [
    ("anthropic", "claude-sonnet-4-5", Shell(), BASH),
    ("anthropic", "claude-3-7-sonnet-20250219", Shell(), BASH),
    ("anthropic", "claude-3-5-sonnet-20241022", Shell(), {"type": "bash_20241022", "name": "bash"}),
    ("anthropic", "claude-sonnet-4-5", TextEditor(extras={"max_characters": 9}), {**EDITOR, "max_characters": 9}),
    (
        "anthropic",
        "claude-3-7-sonnet-latest",
        TextEditor(),
        {"type": "text_editor_20250124", "name": "str_replace_editor"},
    ),
    ("anthropic", "claude-sonnet-5", Memory(), {"type": "memory_20250818", "name": "memory"}),
    ("anthropic", "claude-sonnet-4-5-20250929", ComputerUse(), {"type": "computer_20250124", **SCREEN}),
    ("anthropic", "claude-opus-4-5", ComputerUse(), {"type": "computer_20251124", **SCREEN}),
    ("anthropic", "claude-sonnet-5", ComputerUse(), {"type": "computer_20251124", **SCREEN}),
    ("anthropic", "claude-opus-4-8", Shell(version="bash_20241022"), {"type": "bash_20241022", "name": "bash"}),
    (
        "anthropic",
        "claude-opus-4-8",
        ComputerUse(version="computer_toolset_20260801", extras={"configs": {"zoom": {"enabled": False}}}),
        {"type": "computer_toolset_20260801", "configs": {"zoom": {"enabled": False}}},
    ),
    ("openai", "gpt-5.4-mini", Shell(), {"type": "shell", "environment": {"type": "local"}}),
    ("openai", "codex-mini-latest", Shell(), {"type": "local_shell"}),
    ("openai", "gpt-5.1", ApplyPatch(), {"type": "apply_patch"}),
    ("openai", "gpt-5.4", ComputerUse(), {"type": "computer"}),
    (
        "openai",
        "computer-use-preview",
        ComputerUse(width=800, height=600),
        {"type": "computer_use_preview", "display_width": 800, "display_height": 600, "environment": "browser"},
    ),
    (
        "openai",
        "gpt-5",
        SQL,
        {"type": "custom", "name": "sql", "description": "Runs SQL.", "format": {"type": "grammar", **GRAMMAR}},
    ),
    ("google_ai", "gemini-3-flash", ComputerUse(), {"computerUse": {"environment": "ENVIRONMENT_BROWSER"}}),
    (
        "google_ai",
        "gemini-2.5-computer-use-preview-10-2025",
        ComputerUse(environment="mobile", extras={"excludedPredefinedFunctions": ["search"]}),
        {"computerUse": {"environment": "ENVIRONMENT_MOBILE", "excludedPredefinedFunctions": ["search"]}},
    ),
]
TYPES: dict[str, TypeAdapter[Any]] = {
    "anthropic": TypeAdapter(BetaToolUnionParam),
    "openai": TypeAdapter(ToolParam),
    "google_ai": TypeAdapter(google_types.Tool),
}


@pytest.mark.parametrize(("provider", "model", "tool", "wire"), DECLARED)
def test_a_provider_gets_its_own_form_of_a_tool(provider: str, model: str, tool: Any, wire: dict[str, Any]) -> None:
    outgoing = encode(provider, model, tool, api=RESPONSES if provider == "openai" else {})
    assert outgoing.body["tools"] == [wire]
    assert outgoing.warnings == ()
    TYPES[provider].validate_python(wire)


@pytest.mark.parametrize(
    ("provider", "model", "tool"),
    [
        ("anthropic", "claude-sonnet-5", ApplyPatch()),
        ("anthropic", "claude-sonnet-5", SQL),
        ("openai", "gpt-4.1", Shell()),
        ("openai", "gpt-5.4", TextEditor()),
        ("openai", "gpt-5.4", Memory()),
        ("google_ai", "gemini-3-flash", Shell()),
        ("google_ai", "gemini-3-flash", SQL),
        ("xai", "grok-4", ApplyPatch()),
        ("cohere", "command-a", TextEditor()),
        ("ollama", "m", Memory()),
        ("amazon_bedrock", "us.amazon.nova-2-lite-v1:0", Shell()),
        ("groq", "openai/gpt-oss-120b", Shell()),
    ],
)
def test_elsewhere_a_tool_is_a_function(provider: str, model: str, tool: Any) -> None:
    outgoing = encode(provider, model, tool)
    text = json.dumps(outgoing.body)
    assert json.dumps(tool.description) in text
    assert f'"name": "{tool.name}"' in text
    assert outgoing.warnings == ()


@pytest.mark.parametrize(
    ("provider", "model"),
    [("openai", "gpt-4.1"), ("groq", "llama-3"), ("cohere", "command-a"), ("google_ai", "gemini-2.5-flash")],
)
def test_computer_use_is_left_out_with_a_warning_where_it_does_not_exist(provider: str, model: str) -> None:
    outgoing = encode(provider, model, ComputerUse())
    assert not outgoing.body.get("tools")
    assert [(w.code, w.parameter) for w in outgoing.warnings] == [("unsupported_parameter", "computer")]


def test_custom_tools_of_chat_completions_and_beta_headers() -> None:
    body = encode("openai", "gpt-5", SQL, api={"protocol": "openai_chat"}).body
    custom = {"name": "sql", "description": "Runs SQL.", "format": {"type": "grammar", "grammar": GRAMMAR}}
    assert body["tools"] == [{"type": "custom", "custom": custom}]
    TypeAdapter(ChatCompletionToolUnionParam).validate_python(body["tools"][0])
    headers = encode("anthropic", "claude-opus-4-8", ComputerUse(), Shell()).headers
    assert headers["anthropic-beta"] == "computer-use-2025-11-24"
    assert "anthropic-beta" not in encode("anthropic", "claude-opus-4-8", Memory(), Shell()).headers


@pytest.mark.parametrize("tool", [Shell(version="x"), ComputerUse(width=9), SQL, Memory(extras={"a": 1}), ApplyPatch()])
def test_a_declaration_survives_json(tool: Any) -> None:
    config = AIModelCallConfig(tools=[tool])
    assert AIModelCallConfig.model_validate_json(config.model_dump_json()).tools == config.tools


def test_a_choice_has_the_names_of_the_provider() -> None:
    choice = ToolChoice(mode="required", names=("shell",))
    assert encode("anthropic", "claude-haiku-4-5", Shell(), SQL, tool_choice=choice).body["tool_choice"] == {
        "type": "tool",
        "name": "bash",
    }
    assert encode("openai", "gpt-5.4", Shell(), tool_choice=choice, api=RESPONSES).body["tool_choice"] == {
        "type": "shell"
    }
    named = ToolChoice(mode="required", names=("sql",))
    assert encode("openai", "gpt-5", SQL, tool_choice=named, api=RESPONSES).body["tool_choice"] == {
        "type": "custom",
        "name": "sql",
    }


class Machine:
    """An executor of everything, which records what it is to do."""

    def __init__(self) -> None:
        self.actions: list[Any] = []

    def run(self, action: ShellAction) -> Sequence[ShellResult]:
        self.actions.append(action)
        return [ShellResult(stdout="a.txt\n", exit_code=number) for number, _ in enumerate(action.commands)]

    def apply(self, operation: PatchOperation) -> PatchResult:
        self.actions.append(operation)
        return PatchResult(status="failed", output="no such line")

    def act(self, action: ComputerAction) -> Screenshot:
        self.actions.append(action)
        return Screenshot(image=PNG, url="https://a.example")

    def view(self, path: str, view_range: tuple[int, int] | None = None) -> str:
        self.actions.append(EditorAction(command="view", path=path, view_range=view_range))
        return "1: one"

    def create(self, path: str, file_text: str) -> str:
        raise FileNotFoundError(path)

    def str_replace(self, path: str, old_str: str, new_str: str) -> str:
        return "done"

    def insert(self, path: str, insert_line: int, insert_text: str) -> str:
        return f"inserted {insert_text!r} after line {insert_line}"

    def delete(self, path: str) -> str:
        return "deleted"

    def rename(self, path: str, new_path: str) -> str:
        return f"{path} is {new_path}"


class AsyncMachine(Machine):
    async def run(self, action: ShellAction) -> Sequence[ShellResult]:  # type: ignore[override]
        return super().run(action)


def response(*items: dict[str, Any]) -> Raw:
    body = {"id": "resp_1", "object": "response", "status": "completed", "model": "gpt-5.4", "output": list(items)}
    return Raw(json.dumps(body).encode())


FINISHED = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Done.", "annotations": []}],
}
CHECK = {"id": "sc_1", "code": "malicious_instructions", "message": "careful"}
CLICK = {"type": "click", "x": 1, "y": 2, "button": "left"}
ITEMS: dict[str, tuple[dict[str, Any], Any, dict[str, Any]]] = {
    "shell_call": (
        {"action": {"commands": ["ls", "false"], "timeout_ms": 2000, "max_output_length": 100}},
        ShellAction(commands=("ls", "false"), timeout=2, max_output=100),
        {
            "max_output_length": 100,
            "output": [
                {"stdout": "a.txt\n", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}},
                {"stdout": "a.txt\n", "stderr": "", "outcome": {"type": "exit", "exit_code": 1}},
            ],
        },
    ),
    "apply_patch_call": (
        {"operation": {"type": "update_file", "path": "a.txt", "diff": "@@\n-a\n+b\n"}},
        PatchOperation(type="update_file", path="a.txt", diff="@@\n-a\n+b\n"),
        {"status": "failed", "output": "no such line"},
    ),
    "computer_call": (
        {"actions": [CLICK, {"type": "screenshot"}], "pending_safety_checks": []},
        ComputerAction(type="click", x=1, y=2, arguments=CLICK),
        {},
    ),
}


@pytest.mark.parametrize("kind", ITEMS)
def test_an_executor_runs_calls_of_responses_and_its_result_has_their_shape(kind: str, world: World) -> None:
    fields, action, output = ITEMS[kind]
    item = {"type": kind, "id": "i_1", "call_id": "call_1", "status": "completed", **fields}
    machine = Machine()
    tools = [Shell(executor=machine), ApplyPatch(executor=machine), ComputerUse(executor=machine)]
    with FakeServer(response(item), response(FINISHED)) as server:
        client = AIModelClient(endpoint(server.url, "openai", "gpt-5.4", **RESPONSES))
        run = go(world, client, "go", tools=tools)
        world.close(client)
        sent = server.exchanges[-1].json
    assert (run.stopped, run.text) == ("answered", "Done.")
    assert machine.actions[0] == action
    assert len(machine.actions) == len(fields.get("actions", "1"))
    given = sent["input"][-1]
    assert (given["type"], given["call_id"]) == (f"{kind}_output", "call_1")
    assert {name: given[name] for name in output} == output
    if kind == "computer_call":
        assert given["output"]["type"] == "computer_screenshot"
        assert given["output"]["image_url"].startswith("data:image/png;base64,")
        assert "acknowledged_safety_checks" not in given
    responses(sent)


@pytest.mark.parametrize(
    ("name", "arguments", "result"),
    [
        ("bash", {"command": "ls"}, "a.txt"),
        ("str_replace_based_edit_tool", {"command": "view", "path": "a", "view_range": [1, -1]}, "1: one"),
        ("memory", {"command": "rename", "old_path": "/memories/a", "new_path": "/memories/b"}, "/memories/b"),
        ("memory", {"command": "insert", "path": "/memories/a", "insert_line": 0, "insert_text": "x"}, "'x'"),
        ("str_replace_based_edit_tool", {"command": "create", "path": "x", "file_text": ""}, "FileNotFoundError"),
        ("str_replace_based_edit_tool", {"command": "undo_edit", "path": "x"}, "not available"),
        ("bash", {"nothing": 1}, "there is no command"),
    ],
)
@pytest.mark.parametrize("streaming", [True, False])
def test_an_executor_runs_calls_of_claude(
    name: str, arguments: dict[str, Any], result: str, streaming: bool, server: FakeServer, world: World
) -> None:
    machine = Machine()
    server.add_replies(Answer(tool_calls=(FakeToolCall(name, arguments),)), Answer(text="Done."))
    client = AIModelClient(endpoint(server.url, "anthropic", "claude-sonnet-5"))
    tools = [Shell(executor=machine), TextEditor(executor=machine), Memory(executor=machine)]
    run = go_streaming(world, client, "go", tools=tools)[1] if streaming else go(world, client, "go", tools=tools)
    world.close(client)
    assert run.text == "Done."
    sent = server.exchanges[-1].json["messages"][-1]["content"][0]
    assert sent["type"] == "tool_result"
    assert result in json.dumps(sent["content"])


def test_an_async_executor_runs_in_async_code_only(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(tool_calls=(FakeToolCall("bash", {"command": "ls"}),)), Answer(text="Done."))
    client = AIModelClient(endpoint(server.url, "anthropic", "claude-sonnet-5"))
    tool = Shell(executor=AsyncMachine())
    if world.name == "blocking":
        with pytest.raises(SyncAsyncMismatchError, match="shell"):
            go(world, client, "go", tools=[tool])
    else:
        assert go(world, client, "go", tools=[tool]).text == "Done."
    world.close(client)


def test_an_executor_without_its_methods_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="Shell: the executor object has no method run"):
        Shell(executor=object())


@pytest.mark.parametrize("tool", [Shell(), CustomTool(name="bash")])
def test_without_an_executor_a_call_is_pending_and_has_its_action(tool: Any, server: FakeServer, world: World) -> None:
    server.add_replies(Answer(tool_calls=(FakeToolCall("bash", {"command": "ls", "input": "ls"}),)))
    client = AIModelClient(endpoint(server.url, "anthropic", "claude-sonnet-5"))
    run = go(world, client, "go", tools=[tool])
    world.close(client)
    assert run.stopped == "pending"
    assert run.pending[0].action == ShellAction(commands=("ls",))


def computer_item(*checks: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "computer_call",
        "id": "cu_1",
        "call_id": "call_1",
        "status": "completed",
        "action": CLICK,
        "pending_safety_checks": list(checks),
    }


def test_safety_checks_must_be_approved_and_are_acknowledged(world: World) -> None:
    machine = Machine()
    replies = [response(computer_item(CHECK)), response(FINISHED)]
    with FakeServer(*replies) as server:
        client = AIModelClient(endpoint(server.url, "openai", "gpt-5.4", **RESPONSES))
        waiting = go(world, client, "go", tools=[ComputerUse(executor=machine)])
        assert (waiting.stopped, machine.actions) == ("pending", [])
        # The same question is put again as long as it has no answer.
        again = go(world, client, messages=waiting.messages, tools=[ComputerUse(executor=machine)])
        assert (again.stopped, machine.actions) == ("pending", [])
        assert len(server.exchanges) == 1
        questions: list[ToolCallContent] = []
        run = go(
            world,
            client,
            messages=waiting.messages,
            tools=[ComputerUse(executor=machine)],
            approve=lambda call: not questions.append(call),
        )
        world.close(client)
        given = server.exchanges[-1].json["input"][-1]
    assert run.text == "Done."
    assert len(questions) == len(machine.actions) == 1
    assert given["acknowledged_safety_checks"] == [CHECK]


def test_gemini_gets_address_picture_and_acknowledgement_in_pixels(server: FakeServer, world: World) -> None:
    machine = Machine()
    decision = {"decision": "require_confirmation", "explanation": "A payment."}
    arguments = {"x": 500, "y": 250, "safety_decision": decision}
    server.add_replies(Answer(tool_calls=(FakeToolCall("click_at", arguments),)), Answer(text="Done."))
    client = AIModelClient(endpoint(server.url, "google_ai", "gemini-3-flash"))
    tool = ComputerUse(executor=machine, width=1000, height=800)
    run = go(world, client, "go", tools=[tool], approve=lambda call: True)
    world.close(client)
    assert run.text == "Done."
    assert (machine.actions[0].type, machine.actions[0].x, machine.actions[0].y) == ("click", 500, 200)
    given = server.exchanges[-1].json["contents"][-1]["parts"][0]["functionResponse"]
    assert given["response"] == {"url": "https://a.example", "safety_acknowledgement": "true"}
    assert given["parts"][0]["inlineData"]["mimeType"] == "image/png"


@pytest.mark.parametrize(
    ("name", "arguments", "action"),
    [
        ("computer", {"action": "left_click", "coordinate": [3, 4], "text": "ctrl"},
         {"type": "click", "x": 3, "y": 4, "keys": ("ctrl",)}),
        ("computer", {"action": "type", "text": "a"}, {"type": "type", "text": "a"}),
        ("computer", {"action": "key", "text": "ctrl+s"}, {"type": "key", "keys": ("ctrl", "s")}),
        ("computer", {"action": "scroll", "coordinate": [1, 1], "scroll_direction": "up", "scroll_amount": 3},
         {"type": "scroll", "scroll_y": -3, "scroll_unit": "clicks"}),
        ("computer", {"action": "left_click_drag", "start_coordinate": [0, 0], "coordinate": [5, 5]},
         {"type": "drag", "path": ((0, 0), (5, 5))}),
        ("computer_call", {"action": {"type": "keypress", "keys": ["CTRL", "S"]}},
         {"type": "key", "keys": ("CTRL", "S")}),
        ("computer_call", {"action": {"type": "scroll", "x": 1, "y": 1, "scroll_x": 0, "scroll_y": 50}},
         {"type": "scroll", "scroll_y": 50}),
    ],
)  # fmt: skip
def test_actions_on_a_computer_are_typed(name: str, arguments: dict[str, Any], action: dict[str, Any]) -> None:
    read = ToolCallContent(id="1", name=name, arguments=arguments).action
    assert isinstance(read, ComputerAction)
    assert {field: getattr(read, field) for field in action} == action


def test_members_of_claudes_computer_toolset_are_actions() -> None:
    call = ToolCallContent(
        id="1", name="left_click", arguments={"coordinate": [1, 2]}, extras={"toolset_name": "computer"}
    )
    read = call.action
    assert isinstance(read, ComputerAction)
    assert (read.type, read.x, read.y) == ("click", 1, 2)


@pytest.mark.parametrize("text", ["SELECT 1", '{"looks": "like JSON"}'])
def test_the_function_of_a_custom_tool_gets_the_text(text: str, world: World) -> None:
    item = {"type": "custom_tool_call", "id": "c_1", "call_id": "call_1", "name": "sql", "input": text}
    texts: list[str] = []
    tool = CustomTool(name="sql", function=lambda given: texts.append(given) or "1 row")
    with FakeServer(response(item), response(FINISHED)) as server:
        client = AIModelClient(endpoint(server.url, "openai", "gpt-5.4", **RESPONSES))
        run = go(world, client, "go", tools=[tool])
        world.close(client)
        given = server.exchanges[-1].json["input"][-1]
    assert run.text == "Done."
    assert texts == [text]
    assert given == {"type": "custom_tool_call_output", "call_id": "call_1", "output": "1 row"}


MEMORIES = [e for e in exchanges("anthropic-messages") if "test_anthropic_memory_tool.yaml" in e["id"]]


@pytest.mark.skipif(not MEMORIES, reason="the recorded traffic is not available")
def test_a_recorded_memory_call_runs_and_the_next_request_is_the_recorded_one(world: World) -> None:
    first, second = sorted(MEMORIES, key=lambda one: one["id"])

    class Recalled(Machine):
        def view(self, path: str, view_range: tuple[int, int] | None = None) -> str:
            assert (path, view_range) == ("/memories", None)
            return "The user lives in Mexico City."

    bodies = [one["response_body"] for one in (first, second)]
    with FakeServer(*(Raw(body.encode()) for body in bodies)) as server:
        client = AIModelClient(endpoint(server.url, "anthropic", "claude-sonnet-4-5"))
        run = go(world, client, "Where do I live?", tools=[Memory(executor=Recalled())])
        world.close(client)
        sent = [request.json for request in server.exchanges]
    assert "Mexico City" in run.text
    for body, recorded in zip(sent, (first["request_body"], second["request_body"]), strict=True):
        assert body["tools"] == recorded["tools"]
    result = sent[1]["messages"][-1]["content"][0]
    assert result["tool_use_id"] == second["request_body"]["messages"][-1]["content"][0]["tool_use_id"]
    assert "The user lives in Mexico City." in json.dumps(result["content"])


def test_results_made_by_hand_continue_a_pending_run(world: World) -> None:
    item = {"type": "shell_call", "id": "i", "call_id": "call_1", "status": "completed", "action": {"commands": ["ls"]}}
    with FakeServer(response(item), response(FINISHED)) as server:
        client = AIModelClient(endpoint(server.url, "openai", "gpt-5.4", **RESPONSES))
        run = go(world, client, "go", tools=[Shell()])
        result = ShellResult(stdout="", exit_code=None, timed_out=True).to_result(run.pending[0])
        done = go(world, client, messages=(*run.messages, Message(role="tool", contents=[result])), tools=[Shell()])
        world.close(client)
        given = server.exchanges[-1].json["input"][-1]
    assert done.text == "Done."
    assert given["output"] == [{"stdout": "", "stderr": "", "outcome": {"type": "timeout"}}]
