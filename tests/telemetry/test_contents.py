"""Contents on spans and in events, opt-in and without secrets; sampling; all clients at once."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest

from ai_utilities import AiClient
from ai_utilities.usage import tagged
from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.pipeline.middleware import PROCESS_LAYERS
from dhenara.ai.telemetry import TelemetryLayer, instrument, stop_instrumenting, traced
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, FakeToolCall, FakeUsage, Refusal, Stall
from dhenara.ai.types import (
    ImageContent,
    Message,
    ReasoningContent,
    ServerToolContent,
    ToolCallContent,
    ToolDefinition,
    ToolResultContent,
)
from support.telemetry import Telemetry, traced_client
from support.worlds import World, endpoint

HELLO = Answer(text="Hello!", usage=FakeUsage(100, 50, cache_read=20))
REQUIRED = {
    "text": {"content"},
    "reasoning": {"content"},
    "tool_call": {"id", "name", "arguments"},
    "tool_call_response": {"id", "response"},
    "server_tool_call": {"id", "name", "server_tool_call"},
    "uri": {"modality", "uri"},
    "file": {"modality", "file_id"},
    "blob": {"modality"},
}
"""Fields that the conventions' JSON schemas of messages require, by type of part."""

KEY = "sk-proj-abcdefghijklmnop"
CONVERSATION = [
    Message(role="user", contents=[{"type": "text", "text": f"My key is {KEY}"}]),
    Message(
        role="user",
        contents=[
            ImageContent.from_url("https://me:pw@host.example/cat.png?signature=abc#x"),
            ImageContent.from_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20)),
            ImageContent(file_id="file-1", mime_type="image/png"),
        ],
    ),
    Message(
        role="assistant",
        contents=[
            ReasoningContent(text="Hm."),
            ToolCallContent(id="c1", name="log_in", arguments={"password": "hunter2", "city": "Rome"}),
            ServerToolContent(id="s1", name="web_search", arguments={"query": "Rome"}),
        ],
    ),
    Message(role="tool", contents=[ToolResultContent(call_id="c1", name="log_in", output={"city": "Rome"})]),
    Message(role="user", contents=[{"type": "text", "text": "Go on"}]),
]


def test_messages_have_the_parts_of_the_conventions_without_secrets(server: FakeServer) -> None:
    server.add_replies(HELLO)
    telemetry = Telemetry(capture_content="span")
    tool = ToolDefinition(name="log_in", description="Logs in")
    with traced_client(server, telemetry) as client:
        client.generate(messages=CONVERSATION, tools=[tool], instructions="Be brief.")
    (span,) = telemetry.spans
    messages = json.loads(span.attributes["gen_ai.input.messages"])
    assert [message["role"] for message in messages] == ["user", "user", "assistant", "tool", "user"]
    parts = [part for message in messages for part in message["parts"]]
    assert {part["type"] for part in parts} == set(REQUIRED)
    for part in parts:
        assert REQUIRED[part["type"]] <= set(part)
    uri = next(part for part in parts if part["type"] == "uri")
    assert (uri["uri"], uri["modality"]) == ("https://host.example/cat.png", "image")
    written = span.attributes["gen_ai.input.messages"]
    assert not [secret for secret in (KEY, "hunter2", "signature=abc", "pw@") if secret in written]
    assert next(part for part in parts if part["type"] == "tool_call")["arguments"]["city"] == "Rome"
    (definition,) = json.loads(span.attributes["gen_ai.tool.definitions"])
    assert definition["type"] == "function"
    assert json.loads(span.attributes["gen_ai.system_instructions"]) == [{"type": "text", "content": "Be brief."}]
    (output,) = json.loads(span.attributes["gen_ai.output.messages"])
    assert output == {"role": "assistant", "parts": [{"type": "text", "content": "Hello!"}], "finish_reason": "stop"}
    telemetry.close()


@pytest.mark.parametrize(
    ("value", "on_span", "events"),
    [
        ("", False, 0),
        ("NO_CONTENT", False, 0),
        ("SPAN_ONLY", True, 0),
        ("true", True, 0),
        ("EVENT_ONLY", False, 1),
        ("SPAN_AND_EVENT", True, 1),
        ("nonsense", False, 0),
    ],
)
def test_the_environment_says_where_contents_go(
    world: World, server: FakeServer, monkeypatch: pytest.MonkeyPatch, value: str, on_span: bool, events: int
) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", value)
    server.add_replies(HELLO)
    telemetry = Telemetry()
    client = traced_client(server, telemetry)
    world.stream(client, "What?", instructions="Be brief.")
    (span,) = telemetry.spans
    assert ("gen_ai.input.messages" in span.attributes) is on_span
    assert ("gen_ai.output.messages" in span.attributes) is on_span
    assert len(telemetry.events()) == events
    for event in telemetry.events():
        assert event.event_name == "gen_ai.client.inference.operation.details"
        assert event.span_id == span.context.span_id
        assert event.attributes["gen_ai.operation.name"] == "chat"
        assert event.attributes["gen_ai.usage.output_tokens"] == 50
        assert json.loads(event.attributes["gen_ai.output.messages"])[0]["parts"][0]["content"] == "Hello!"
    world.close(client)
    telemetry.close()


def test_an_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "SPAN_AND_EVENT")
    assert TelemetryLayer(capture_content=False).capture == frozenset()
    with pytest.raises(ConfigurationError, match="capture_content"):
        TelemetryLayer(capture_content="everything")  # type: ignore[arg-type]


def test_spans_that_are_not_sampled_cost_no_contents(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

    server.add_replies(HELLO)
    telemetry = Telemetry(ALWAYS_OFF, capture_content=True)

    def fail(*_: object) -> None:
        raise AssertionError("contents were written although the span is not sampled")

    monkeypatch.setattr("dhenara.ai.telemetry_attributes.to_json_text", fail)
    with traced_client(server, telemetry) as client:
        client.generate("?")
    assert telemetry.spans == []
    assert telemetry.points("gen_ai.client.operation.duration")[0].count == 1
    telemetry.close()


def test_the_names_of_conversation_and_agent(server: FakeServer) -> None:
    server.add_replies(HELLO, HELLO, HELLO)
    telemetry = Telemetry()
    with traced_client(server, telemetry) as client:
        with traced(conversation_id="chat-7", agent_name="helper"):
            stream = client.run_streaming("?")
            client.generate("?")
        list(stream)
        client.generate("?")
    inside, run_call, run, outside = telemetry.spans
    for span in (inside, run_call, run):
        assert span.attributes["gen_ai.conversation.id"] == "chat-7"
    assert (run.name, run.attributes["gen_ai.agent.name"]) == ("invoke_agent helper", "helper")
    assert "gen_ai.conversation.id" not in outside.attributes
    telemetry.close()


def test_the_google_protocol_generates_content(server: FakeServer) -> None:
    telemetry = Telemetry()
    server.add_replies(HELLO)
    with traced_client(server, telemetry, provider="google_ai") as client:
        client.generate("?")
    (span,) = telemetry.spans
    assert span.name == "generate_content fake-1"
    assert span.attributes["gen_ai.provider.name"] == "gcp.gemini"
    telemetry.close()


def test_retries_are_one_span_and_fallbacks_one_each(server: FakeServer) -> None:
    telemetry = Telemetry()
    server.add_replies(Refusal(503, headers={"retry-after-ms": "1"}), HELLO, Refusal(401), HELLO)
    with traced_client(server, telemetry) as client:
        client.generate("?")
    to = endpoint(server.url, model="fake-2")
    with AIModelClient(client.model_endpoint, layers=[telemetry.layer], fallbacks=[to]) as routed:
        routed.generate("?")
    retried, failed, answered = telemetry.spans
    assert (retried.attributes["dhenara.attempts"], retried.status.status_code.name) == (2, "UNSET")
    assert failed.attributes["error.type"] == "AuthenticationError"
    assert (answered.name, answered.status.status_code.name) == ("chat fake-2", "UNSET")
    assert answered.attributes["dhenara.route.name"] == failed.attributes["dhenara.route.name"]
    assert answered.attributes["dhenara.route.deployment"] != failed.attributes["dhenara.route.deployment"]
    telemetry.close()


@pytest.mark.parametrize("how", ["close", "drop"])
def test_a_stream_that_is_left_ends_its_span(server: FakeServer, how: str) -> None:
    telemetry = Telemetry()
    server.add_replies(CutReply(DialectReply(Answer(text="a long story " * 50)), 5, Stall()))
    with traced_client(server, telemetry) as client:
        stream = client.generate("?", streaming=True).stream_generator
        next(stream)
        if how == "close":
            stream.close()
        del stream
    (span,) = telemetry.spans
    assert span.attributes["error.type"] == "cancelled"
    assert span.status.status_code.name == "ERROR"
    telemetry.close()


def test_one_call_records_all_clients(server: FakeServer) -> None:
    server.add_replies(HELLO, HELLO, Answer(tool_calls=(FakeToolCall("look", {}, "c1"),)), HELLO, HELLO)
    telemetry, own = Telemetry(), Telemetry()
    assert instrument(telemetry.layer) is telemetry.layer
    try:
        with AIModelClient(endpoint(server.url)) as engine:
            engine.generate("?")
        kit = AiClient("openai/fake-1", api_key="sk-test", base_url=f"{server.url}/v1")
        with kit, tagged(user="ada"):
            kit.ask("?")
            kit.ask("?", tools=[look])
        with traced_client(server, own) as watched:
            watched.generate("?")
    finally:
        stop_instrumenting()
    names = ["chat fake-1", "chat fake-1", "chat fake-1", "execute_tool look", "chat fake-1", "invoke_agent"]
    assert [span.name for span in telemetry.spans] == names
    assert telemetry.spans[1].attributes["dhenara.tag.user"] == "ada"
    assert telemetry.spans[5].attributes["dhenara.tag.user"] == "ada"
    assert [span.name for span in own.spans] == ["chat fake-1"]
    telemetry.close()
    own.close()


def look() -> str:
    """Look."""
    return "seen"


def run_python(code: str) -> str:
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def test_nothing_is_loaded_without_telemetry() -> None:
    printed = run_python(
        """
        import sys
        from ai_utilities import AiClient
        from dhenara.ai import AIModelClient
        from dhenara.ai.testing import Answer, FakeServer
        with FakeServer(Answer(text="a"), Answer(text="b")) as server:
            client = AiClient("openai/gpt-5.4-mini", api_key="sk-test", base_url=server.url + "/v1")
            client.ask("?")
            client.close()
        names = ("opentelemetry", "dhenara.ai.telemetry", "dhenara.ai.pipeline.tracing")
        print([name for name in sys.modules if name.startswith(names)])
        """
    )
    assert printed == "[]\n"


def test_without_opentelemetry_the_error_says_what_to_install() -> None:
    printed = run_python(
        """
        import sys
        sys.modules["opentelemetry"] = None
        from dhenara.ai.telemetry import instrument
        try:
            instrument()
        except Exception as error:
            print(type(error).__name__, error)
        """
    )
    assert printed.startswith("ConfigurationError")
    assert "pip install 'dhenara[otel]'" in printed


def test_a_second_instrumentation_replaces_the_first() -> None:
    instrument()
    second = instrument()
    assert [layer for layer in PROCESS_LAYERS if isinstance(layer, TelemetryLayer)] == [second]
    stop_instrumenting()
    assert not any(isinstance(layer, TelemetryLayer) for layer in PROCESS_LAYERS)
