"""The real npm clients resume and stop streams of an application; run by `make test-all`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from dhenara.ai.ui import ResumableStreams, read_ui_request, to_ag_ui_events, to_ui_message_stream, ui_response
from ui.test_npm_clients import HAS_CLIENTS, node

fastapi = pytest.importorskip("fastapi")
uvicorn = pytest.importorskip("uvicorn")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not HAS_CLIENTS, reason="needs node, and: npm install --prefix tests/ui/node"),
]


def make_app() -> Any:
    """An application whose answer waits after its first piece until it is let go."""
    app, streams = fastapi.FastAPI(), ResumableStreams()
    gates: dict[str, asyncio.Event] = {}

    async def pieces(chat_id: str) -> AsyncIterator[str]:
        yield "Once upon"
        await gates[chat_id].wait()
        yield " a time."

    async def start(http: fastapi.Request) -> Any:
        protocol = "ag_ui" if http.url.path.startswith("/agent") else "ai_sdk"
        request = await read_ui_request(http, protocol)
        chat_id = str(request.thread_id)
        gates[chat_id] = asyncio.Event()
        source = pieces(chat_id)
        stream = to_ag_ui_events(source, request) if protocol == "ag_ui" else to_ui_message_stream(source)
        return ui_response(await streams.start(chat_id, stream))

    async def resume(chat_id: str) -> Any:
        return ui_response(await streams.resume(chat_id))

    async def stop(chat_id: str) -> dict[str, bool]:
        return {"stopped": await streams.stop(chat_id)}

    async def go(chat_id: str) -> None:
        gates[chat_id].set()

    start.__annotations__["http"] = fastapi.Request
    for base in ("/chat", "/agent"):
        app.post(base)(start)
        app.get(base + "/{chat_id}/stream")(resume)
        app.delete(base + "/{chat_id}/stream")(stop)
        app.post(base + "/{chat_id}/go")(go)
    return app


@contextmanager
def serving() -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(make_app(), port=0, log_level="error", ws="none"))
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


@pytest.mark.parametrize("what", ["resume", "stop"])
def test_a_chat_resumes_and_stops_its_stream(what: str) -> None:
    with serving() as url:
        seen = node("resume.mjs", f"{url}/chat", what, "Tell me a story")
    assert seen["before"] == "Once upon"
    assert seen["status"] == "ready"
    assert seen["none"] == 204
    assert (seen["text"], seen["count"]) == ("Once upon a time." if what == "resume" else "Once upon", 2)


def test_an_agent_connects_to_a_run() -> None:
    with serving() as url:
        seen = node("resume_agent.mjs", f"{url}/agent", "Tell me a story")
    assert seen["before"] == "Once upon"
    assert seen["text"] == "Once upon a time."
    assert (seen["types"][0], seen["types"][-1]) == ("RUN_STARTED", "RUN_FINISHED")
