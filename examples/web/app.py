"""A web page that shows an answer while it is being written: FastAPI, server-sent events, twenty lines of JavaScript.

Run it: python -m pip install fastapi uvicorn && uvicorn app:app
It talks to the embedded model; set AI_PROVIDER and AI_MODEL (and the provider's key) for another one.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, StreamingResponse

from dhenara.ai import AIModelClient
from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallConfig, AIModelEndpoint

endpoint = AIModelEndpoint(
    api=AIModelAPI(provider=os.environ.get("AI_PROVIDER", "local")),
    ai_model=AIModel(model_name=os.environ.get("AI_MODEL", "smollm2-135m")),
)
client = AIModelClient(endpoint, AIModelCallConfig(streaming=True, max_output_tokens=200))


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
    """Every chunk, every error and the end as server-sent events. A reader who leaves ends the generation."""
    response = await client.generate_async(prompt)

    async def events() -> AsyncIterator[str]:
        async with response.async_stream_generator as stream:
            async for chunk, _ in stream:
                if chunk is not None:
                    yield chunk.to_sse_format()
        yield "event: done\ndata: {}\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")
