"""The real npm clients (`ai`, `@ai-sdk/react`, `@ag-ui/client`) talk to a server; run by `make test-all`."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, FakeToolCall
from dhenara.ai.types import Run, Tool, ToolLike
from dhenara.ai.ui import UIEventStream, read_run_input, read_ui_messages, to_ag_ui_events, to_ui_message_stream
from support.worlds import endpoint

FOLDER = Path(__file__).with_name("node")
NODE = shutil.which("node")
HAS_CLIENTS = NODE is not None and (FOLDER / "node_modules").is_dir()

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not HAS_CLIENTS, reason="needs node, and: npm install --prefix tests/ui/node"),
]

Handle = Callable[[bytes], UIEventStream]
DATA: dict[str, Any] = {"count": 0}


def weather(city: str) -> dict[str, Any]:
    """The weather."""
    DATA["count"] += 1
    return {"city": city, "degrees": 31}


def erase(name: str) -> str:
    """Erases a file."""
    return f"{name} is erased"


TOOLS: list[ToolLike] = [weather, Tool.from_function(erase, needs_approval=True)]
LOCATION = Tool.from_schema({"type": "object", "properties": {}}, name="location")
ROUNDS = (
    Answer(
        text="Let me look.",
        reasoning="Two tools",
        tool_calls=(FakeToolCall("weather", {"city": "Rome"}, "c1"), FakeToolCall("location", {}, "c2")),
    ),
    Answer(text="Now I erase.", tool_calls=(FakeToolCall("erase", {"name": "a.txt"}, "c3"),)),
    Answer(text="It is done."),
)


@contextmanager
def serving(handle: Handle) -> Iterator[str]:
    """An HTTP server that answers each request with a stream."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            stream = handle(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            for name, value in stream.headers.items():
                self.send_header(name, value)
            self.end_headers()
            for line in stream.sse():
                self.wfile.write(line.encode())
                self.wfile.flush()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def node(script: str, *arguments: str, stdin: str | None = None) -> Any:
    """What a script prints as JSON."""
    assert NODE is not None
    command = [NODE, str(FOLDER / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, input=stdin, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def chat_handler(client: AIModelClient) -> Handle:
    def handle(body: bytes) -> UIEventStream:
        request = read_ui_messages(body)
        run = client.run_streaming(messages=request.messages, tools=[*TOOLS, LOCATION], approve=request.approve)
        return to_ui_message_stream(run, message_id=request.message_id)

    return handle


@pytest.mark.parametrize("approved", ["yes", "no"])
def test_a_chat_with_tools_of_both_sides_and_approval(approved: str, server: FakeServer) -> None:
    server.add_replies(*ROUNDS)
    with AIModelClient(endpoint(server.url)) as client, serving(chat_handler(client)) as url:
        seen = node("use_chat.mjs", url, approved, "How warm is it here?")
    assert seen["errors"] == []
    assert seen["status"] == "ready"
    assert [message["role"] for message in seen["messages"]] == ["user", "assistant"]
    parts = {part.get("toolCallId", part["type"]): part for part in seen["messages"][1]["parts"]}
    assert parts["c1"]["output"] == {"city": "Rome", "degrees": 31}
    assert parts["c2"]["output"] == {"city": "Rome"}
    assert parts["reasoning"]["text"] == "Two tools"
    assert parts["text"]["text"] == "It is done."
    sent = [message for exchange in server.exchanges for message in exchange.json["messages"]]
    assert "Hi" in json.dumps(sent[0])
    last = server.exchanges[-1].json["messages"]
    assert [message["role"] for message in last] == ["user", "assistant", "tool", "tool", "assistant", "tool"]
    if approved == "yes":
        assert parts["c3"]["state"] == "output-available"
        assert last[-1]["content"] == "a.txt is erased"
    else:
        assert parts["c3"]["state"] == "output-denied"
        assert last[-1]["content"] == "the user declined this call: not now"


def test_a_chat_shows_an_error(server: FakeServer) -> None:
    server.add_replies(CutReply(DialectReply(Answer(text="Hello there, how are you?")), after=4))
    with AIModelClient(endpoint(server.url)) as client, serving(chat_handler(client)) as url:
        seen = node("use_chat.mjs", url, "yes", "Hi")
    assert seen["errors"] == ["The connection to the model failed. Try again."]
    assert seen["status"] == "error"
    assert seen["messages"][1]["parts"][1]["text"]


def test_versions_5_and_6_read_the_same_message(server: FakeServer) -> None:
    server.add_replies(ROUNDS[0], ROUNDS[2])
    with AIModelClient(endpoint(server.url)) as client:
        fake_location = Tool.from_schema({"type": "object", "properties": {}}, lambda: "Rome", name="location")
        run = client.run_streaming("?", tools=[weather, fake_location])
        text = "".join(to_ui_message_stream(run, message_id="m").sse())
    built = node("read_stream.mjs", stdin=text)
    kinds = [part["type"] for part in built["ai"]["parts"]]
    assert kinds == ["step-start", "reasoning", "text", "tool-weather", "tool-location", "step-start", "text"]
    assert [part["type"] for part in built["ai5"]["parts"]] == kinds
    assert built["ai"]["id"] == built["ai5"]["id"] == "m"


def agent_handler(client: AIModelClient) -> Handle:
    def handle(body: bytes) -> UIEventStream:
        request = read_run_input(body)
        tools: list[ToolLike] = [*TOOLS, *request.tools]
        run = client.run_streaming(messages=request.messages, tools=tools, approve=request.approve)
        return to_ag_ui_events(run, request, state=lambda: DATA)

    return handle


@pytest.mark.parametrize("approved", ["yes", "no"])
def test_an_agent_with_tools_of_both_sides_and_interrupts(approved: str, server: FakeServer) -> None:
    DATA["count"] = 0
    server.add_replies(*ROUNDS)
    with AIModelClient(endpoint(server.url)) as client, serving(agent_handler(client)) as url:
        seen = node("http_agent.mjs", url, approved, "How warm is it here?")
    assert seen["failure"] is None
    assert seen["outcomes"] == ["success", "interrupt", "success"]
    assert seen["state"] == {"count": 1}
    last = server.exchanges[-1].json["messages"]
    assert [message["role"] for message in last] == ["user", "assistant", "tool", "tool", "assistant", "tool"]
    assert "Hi" in json.dumps(last[0])
    assert last[-1]["content"] == ("a.txt is erased" if approved == "yes" else "the user declined this call: not now")
    shown = {message["id"]: message for message in seen["messages"]}
    texts = [
        message["content"] for message in shown.values() if message["role"] == "assistant" and message.get("content")
    ]
    assert texts == ["Let me look.", "Now I erase.", "It is done."]
    calls = [call["id"] for message in shown.values() for call in message.get("toolCalls") or ()]
    assert calls == ["c1", "c2", "c3"]
    assert [message["content"] for message in shown.values() if message["role"] == "reasoning"] == ["Two tools"]


def test_an_agent_shows_an_error(server: FakeServer) -> None:
    server.add_replies(CutReply(DialectReply(Answer(text="Hello there, how are you?")), after=4))
    with AIModelClient(endpoint(server.url)) as client, serving(agent_handler(client)) as url:
        seen = node("http_agent.mjs", url, "yes", "Hi")
    assert seen["failure"] == "The connection to the model failed. Try again."


@pytest.mark.parametrize("script", ["use_chat.mjs", "http_agent.mjs"])
def test_a_call_of_an_agent_is_approved_and_the_agent_resumed(script: str, server: FakeServer) -> None:
    server.add_replies(
        Answer(tool_calls=(FakeToolCall("research", {"prompt": "?"}, "c1"),)),
        Answer(tool_calls=(FakeToolCall("erase", {"name": "a.txt"}, "c3"),)),
        Answer(text="It is erased."),
        Answer(text="It is done."),
    )
    stored: list[Run[Any]] = []
    with AIModelClient(endpoint(server.url)) as client:
        tools = [client.as_tool("research", "Works.", tools=TOOLS)]

        def handle(body: bytes) -> UIEventStream:
            request = read_ui_messages(body) if script == "use_chat.mjs" else read_run_input(body)
            given = request.continue_run(stored[-1] if stored else None)
            run = client.run_streaming(tools=tools, on_end=stored.append, **given)
            if script == "use_chat.mjs":
                return to_ui_message_stream(run, message_id=request.message_id)
            return to_ag_ui_events(run, request)

        with serving(handle) as url:
            seen = node(script, url, "yes", "Erase it.")
    assert [seen.get("errors"), seen.get("failure")] in ([[], None], [None, None])
    assert len(server.exchanges) == 4
    assert [run.stopped for run in stored] == ["pending", "answered"]
    shown = json.dumps(seen["messages"])
    assert "a.txt is erased" in shown
    assert "It is done." in shown
