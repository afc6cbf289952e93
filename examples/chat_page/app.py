"""A chat page with tools, approval and a stop button: FastAPI and the AI SDK's UI message stream.

Run it: python -m pip install 'dhenara[web]' fastapi uvicorn && uvicorn --app-dir examples/chat_page app:app
Uses gpt-5.4-mini; set AI_PROVIDER, AI_MODEL and the provider's key for another model.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from dhenara.ai import AIModelClient
from dhenara.ai.types import Message, Tool, ToolLike
from dhenara.ai.ui import (
    ResumableStreams,
    UIRequestError,
    bad_request,
    read_ui_request,
    to_ui_message_stream,
    ui_response,
)

provider, model = os.environ.get("AI_PROVIDER", "openai"), os.environ.get("AI_MODEL", "gpt-5.4-mini")
client = AIModelClient(f"{provider}/{model}")

NOTES: dict[str, str] = {"shopping": "Milk, bread, apples", "travel": "Rome, 3 days, by train"}
CHATS: dict[str, tuple[Message, ...]] = {}
"""The conversations by the id of the chat. A real application has a database, and checks whose chat it is."""

streams = ResumableStreams()
"""The answers that are being written. They go on when the page is closed; a page that is loaded again reads them."""


async def list_notes() -> list[str]:
    """Lists the names of all notes."""
    return list(NOTES)


async def read_note(name: str) -> str:
    """Reads a note.

    Args:
        name: Name of the note.
    """
    return NOTES.get(name, "there is no such note")


async def delete_note(name: str) -> str:
    """Deletes a note.

    Args:
        name: Name of the note.
    """
    NOTES.pop(name, None)
    return f"the note {name} is deleted"


TOOLS: list[ToolLike] = [list_notes, read_note, Tool.from_function(delete_note, needs_approval=True)]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await streams.aclose()
    await client.aclose()


app = FastAPI(lifespan=lifespan)
app.add_exception_handler(UIRequestError, bad_request)


@app.get("/", response_class=HTMLResponse)
def page() -> str:
    return Path(__file__).with_name("page.html").read_text(encoding="utf-8")


@app.post("/api/chat")
async def chat(http: Request) -> Response:
    """Answer the last message, or go on after the user approved a tool. What was said before is taken from CHATS."""
    request = await read_ui_request(http)
    chat_id = request.thread_id or ""
    messages = request.continue_from(CHATS.get(chat_id, ()))
    CHATS[chat_id] = tuple(messages)
    run = client.run_streaming_async(
        messages=messages,
        system="You help the user with their notes. Answer in one or two sentences.",
        tools=TOOLS,
        approve=request.approve,
        on_end=lambda run: CHATS.update({chat_id: run.messages}),
    )
    return ui_response(await streams.start(chat_id, to_ui_message_stream(run, message_id=request.message_id)))


@app.get("/api/chat/{chat_id}/stream")
async def resume(chat_id: str) -> Response:
    """Send the answer that is being written from its start, to a page that was loaded again."""
    return ui_response(await streams.resume(chat_id))


@app.delete("/api/chat/{chat_id}/stream")
async def stop(chat_id: str) -> dict[str, bool]:
    """End the answer that is being written."""
    return {"stopped": await streams.stop(chat_id)}
