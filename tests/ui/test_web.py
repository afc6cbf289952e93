"""Responses for Starlette and FastAPI, and what happens when the browser leaves."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from typing import Any

import anyio
import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import Message
from dhenara.ai.ui import UIRequestError, bad_request, read_ui_request, to_ui_message_stream, ui_response
from support.worlds import endpoint

SCOPE = {"type": "http", "asgi": {"spec_version": "2.4"}, "method": "POST", "path": "/", "headers": []}


def weather(city: str) -> str:
    """The weather."""
    return "sunny"


async def serve(response: Any, leave: anyio.Event | None = None, broken: bool = False) -> list[dict[str, Any]]:
    """What an ASGI server gets; the browser leaves at the event, or is gone when something is sent."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await (leave or anyio.Event()).wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if broken and sent:
            raise OSError("the browser is gone")
        sent.append(message)

    with anyio.fail_after(250):
        await response(SCOPE, receive, send)
    return sent


def body(sent: list[dict[str, Any]]) -> str:
    return b"".join(message.get("body", b"") for message in sent).decode()


@pytest.mark.parametrize("is_async", [True, False])
def test_a_response_has_headers_and_events(is_async: bool, server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello"))

    async def main() -> list[dict[str, Any]]:
        client = AIModelClient(endpoint(server.url))
        run = client.run_streaming_async("?") if is_async else client.run_streaming("?")
        sent = await serve(ui_response(to_ui_message_stream(run)))
        await client.aclose()
        return sent

    sent = anyio.run(main)
    headers = dict(sent[0]["headers"])
    assert headers[b"x-vercel-ai-ui-message-stream"] == b"v1"
    assert headers[b"content-type"].startswith(b"text/event-stream")
    assert '"delta":"Hello"' in body(sent)
    assert body(sent).endswith("data: [DONE]\n\n")


def test_a_browser_that_leaves_cancels_the_tool_that_runs(server: FakeServer) -> None:
    server.add_replies(Answer(tool_calls=(FakeToolCall("wait", {}, "c1"),)))
    seen: list[str] = []

    async def main() -> None:
        leave = anyio.Event()

        async def wait() -> str:
            """Waits."""
            leave.set()
            try:
                await anyio.sleep(300)
            except BaseException:
                seen.append("cancelled")
                raise
            return "done"

        client = AIModelClient(endpoint(server.url))
        run = client.run_streaming_async("?", tools=[wait])
        await serve(ui_response(to_ui_message_stream(run)), leave)
        seen.append(run.run.stopped)
        await client.aclose()

    anyio.run(main)
    assert seen == ["cancelled", "interrupted"]


@pytest.mark.parametrize("is_async", [True, False])
def test_a_connection_that_breaks_closes_the_stream(is_async: bool, server: FakeServer) -> None:
    server.add_replies(Answer(text="a long story " * 50))

    async def main() -> str:
        client = AIModelClient(endpoint(server.url))
        run = client.run_streaming_async("?") if is_async else client.run_streaming("?")
        await serve(ui_response(to_ui_message_stream(run)), broken=True)
        await client.aclose()
        return run.run.stopped

    assert anyio.run(main) == "interrupted"


ANSWER_ALONE = b'{"messages": [{"role": "assistant", "parts": [{"type": "text", "text": "Hello"}]}]}'
TOOL = {"name": "paint", "description": "Paints.", "parameters": {"type": "object", "properties": {}}}


def agent_input(*tools: Any) -> bytes:
    question = {"id": "1", "role": "user", "content": "?"}
    return json.dumps({"threadId": "t", "runId": "r", "messages": [question], "tools": tools}).encode()


@pytest.mark.parametrize("framework", ["starlette", "fastapi"])
@pytest.mark.parametrize(
    ("path", "sent", "status", "detail"),
    [
        ("/ai_sdk", b"{", 400, "the request of the user interface is not JSON"),
        ("/ai_sdk", b"[]", 400, "the request of the user interface is invalid: the request is not a JSON object"),
        ("/ai_sdk", b"{}", 400, "the request of the user interface is invalid: messages is not a list"),
        ("/ag_ui", b'{"messages": [1]}', 400, "messages[0] is not a JSON object"),
        ("/ag_ui", b'{"messages": []}', 400, "input.threadId is not a string"),
        ("/stored", ANSWER_ALONE, 400, "Ask the user to reload the page"),
        ("/ai_sdk", b'{"messages": []}', 400, "messages has no message of the user"),
        ("/ai_sdk", b'{"messages": [{"role": "system", "parts": []}]}', 400, "messages has no message of the user"),
        ("/ag_ui", b'{"threadId": "t", "runId": "r", "messages": []}', 400, "messages has no message of the user"),
        ("/ag_ui", agent_input(TOOL, TOOL), 400, "tools has a name twice"),
        ("/ag_ui", agent_input({**TOOL, "name": "weather"}), 400, "tools has the name of a tool that the server runs"),
        ("/ag_ui", agent_input({**TOOL, "parameters": {"type": "array"}}), 400, "tools.parameters is not a schema"),
        ("/ag_ui", agent_input(TOOL), 200, "1"),
        ("/ai_sdk", ANSWER_ALONE, 200, "1"),
    ],
)
def test_a_bad_request_is_answered_with_400_and_what_is_wrong(
    framework: str, path: str, sent: bytes, status: int, detail: str
) -> None:
    status_of, text = ask(make_app(framework), path, sent)
    assert status_of == status
    assert detail in text


def make_app(framework: str) -> Any:
    """An application that reads requests; errors of stored conversations go to the handler."""
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse

    async def ai_sdk(http: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len((await read_ui_request(http)).messages)))

    async def ag_ui(http: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len((await read_ui_request(http, "ag_ui", tools=[weather])).messages)))

    async def stored(http: Request) -> PlainTextResponse:
        request = await read_ui_request(http)
        return PlainTextResponse(str(request.continue_from([Message(role="user", contents=[])])))

    if framework == "fastapi":
        from fastapi import FastAPI

        app: Any = FastAPI()
    else:
        from starlette.applications import Starlette

        app = Starlette()
    for name, function in {"ai_sdk": ai_sdk, "ag_ui": ag_ui, "stored": stored}.items():
        function.__annotations__ = {"http": Request, "return": PlainTextResponse}
        app.add_route(f"/{name}", function, methods=["POST"])
    app.add_exception_handler(UIRequestError, bad_request)
    return app


def ask(app: Any, path: str, sent: bytes) -> tuple[int, str]:
    """Status and body of an application's answer."""
    answered: list[dict[str, Any]] = []
    scope = {**SCOPE, "path": path, "raw_path": path.encode(), "query_string": b"", "server": ("host", 80)}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": sent, "more_body": False}

    async def send(message: Any) -> None:
        answered.append(message)

    async def main() -> None:
        with anyio.fail_after(250):
            await app({**scope, "http_version": "1.1", "scheme": "http", "root_path": ""}, receive, send)

    anyio.run(main)
    return answered[0]["status"], body(answered)


def run_python(code: str) -> str:
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def test_without_starlette_the_error_says_what_to_install() -> None:
    printed = run_python(
        """
        import sys
        sys.modules["starlette"] = None
        sys.modules["starlette.concurrency"] = None
        from dhenara.ai.ui import to_ui_message_stream
        from dhenara.ai.ui import ui_response
        try:
            ui_response(to_ui_message_stream(iter(["a"])))
        except Exception as error:
            print(type(error).__name__, error)
        """
    )
    assert printed.startswith("ConfigurationError")
    assert "pip install 'dhenara[web]'" in printed


def test_plain_imports_do_not_load_user_interfaces() -> None:
    printed = run_python(
        """
        import sys
        import ai_utilities, dhenara.ai, dhenara.ai.types
        ai_utilities.AiClient, dhenara.ai.AIModelClient
        print([name for name in sys.modules if name.startswith(("dhenara.ai.ui", "starlette"))])
        """
    )
    assert printed == "[]\n"
