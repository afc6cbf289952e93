"""A React page with the real `useChat`, built by vite, in Chromium; run by `make test-all`."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import Tool
from dhenara.ai.ui import ResumableStreams, read_ui_request, to_ui_message_stream, ui_response
from support.worlds import endpoint
from ui.test_npm_clients import FOLDER, NODE, node

fastapi = pytest.importorskip("fastapi")
staticfiles = pytest.importorskip("starlette.staticfiles")
uvicorn = pytest.importorskip("uvicorn")

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
VITE = FOLDER / "node_modules" / "vite" / "bin" / "vite.js"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        NODE is None or CHROMIUM is None or not VITE.is_file(),
        reason="needs node, Chromium, and: npm install --prefix tests/ui/node",
    ),
]


def delete_note(name: str) -> str:
    """Deletes a note."""
    return f"{name} is deleted"


def make_app(site: Path, model: AIModelClient) -> Any:
    """An application with stories that wait after their first words, and a tool that needs approval."""
    app, streams, gate = fastapi.FastAPI(), ResumableStreams(), asyncio.Event()
    shown: list[Any] = []

    async def story() -> AsyncIterator[str]:
        yield "Once upon"
        await gate.wait()
        gate.clear()
        yield " a time."

    async def chat(http: Any) -> Any:
        request = await read_ui_request(http)
        shown[:] = json.loads(await http.body())["messages"]
        source: Any = story()
        if "story" not in str(request.messages[-1].get_text()):
            source = model.run_streaming_async(
                messages=request.messages,
                tools=[Tool.from_function(delete_note, needs_approval=True)],
                approve=request.approve,
            )
        stream = to_ui_message_stream(source, message_id=request.message_id)
        return ui_response(await streams.start(str(request.thread_id), stream))

    async def history(chat_id: str) -> list[Any]:
        return shown

    async def resume(chat_id: str) -> Any:
        return ui_response(await streams.resume(chat_id))

    async def stop(chat_id: str) -> bool:
        return await streams.stop(chat_id)

    async def go(chat_id: str) -> None:
        gate.set()

    chat.__annotations__["http"] = fastapi.Request
    app.post("/api/chat")(chat)
    app.get("/api/chat/{chat_id}")(history)
    app.get("/api/chat/{chat_id}/stream")(resume)
    app.delete("/api/chat/{chat_id}/stream")(stop)
    app.post("/api/chat/{chat_id}/go")(go)
    app.mount("/", staticfiles.StaticFiles(directory=site, html=True))
    return app


@contextmanager
def serving(app: Any) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            thread.join(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(60)


def test_a_react_page_reloads_approves_and_stops(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(
        Answer(text="Let me do it.", tool_calls=(FakeToolCall("delete_note", {"name": "travel"}, "c1"),)),
        Answer(text="It is deleted."),
    )
    command = [str(NODE), str(VITE), "build", str(FOLDER / "react_page"), "--outDir", str(tmp_path / "site")]
    built = subprocess.run([*command, "--emptyOutDir"], capture_output=True, text=True, timeout=240, check=False)
    assert built.returncode == 0, built.stderr
    client = AIModelClient(endpoint(server.url))
    picture = os.environ.get("REACT_PAGE_PICTURE", "")
    with serving(make_app(tmp_path / "site", client)) as url:
        seen = node("react_page.mjs", url, str(CHROMIUM), *([picture] if picture else []))
    client.close()
    assert seen["failures"] == []
    assert seen["afterReload"] == ["Tell me a story", "Once upon a time."]
    assert "travel is deleted" in seen["tool"]
    assert seen["stopped"] == "Once upon"
    sent = [message["role"] for message in server.exchanges[-1].json["messages"]]
    assert sent == ["user", "assistant", "user", "assistant", "tool"]
