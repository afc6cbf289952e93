"""A web page that shows an answer while it is streamed: FastAPI and server-sent events.

Run it: python -m pip install fastapi uvicorn && uvicorn --app-dir examples/web app:app
Uses the model in the process; set AI_PROVIDER, AI_MODEL and the provider's key for another one.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, StreamingResponse

from dhenara.ai import AIModelClient
from dhenara.ai.types import AIModelCallConfig

provider, model = os.environ.get("AI_PROVIDER", "local"), os.environ.get("AI_MODEL", "smollm2-135m")
client = AIModelClient(f"{provider}/{model}", AIModelCallConfig(streaming=True, max_output_tokens=200))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await client.aclose()


app = FastAPI(lifespan=lifespan)


@app.get("/", response_class=HTMLResponse)
def page() -> str:
    return Path(__file__).with_name("page.html").read_text(encoding="utf-8")


@app.get("/ask")
async def ask(prompt: str) -> StreamingResponse:
    """Stream chunks, errors and the end as server-sent events. If the browser disconnects, the stream is closed."""
    response = await client.generate_async(prompt)

    async def events() -> AsyncIterator[str]:
        async with response.async_stream_generator as stream:
            async for chunk, _ in stream:
                if chunk is not None:
                    yield chunk.to_sse_format()
        yield "event: done\ndata: {}\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")
