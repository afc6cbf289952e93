"""A streamed answer that breaks in the middle, and one that is left early: what had arrived is never lost."""

from __future__ import annotations

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, HangUp
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, SSEErrorResponse

STORY = Answer(text="Once upon a time there was a stream that never lost a word.")

with FakeServer(STORY, CutReply(DialectReply(STORY), after=7, end=HangUp()), DialectReply(STORY, pause=0.01)) as server:
    api = AIModelAPI(provider="openai", api_key="none", config={"base_url": f"{server.url}/v1"})
    with AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="fake"))) as client:
        for chunk, final in client.generate("Tell me a story.", streaming=True).stream_generator:
            if chunk:
                print(chunk.text_delta, end="", flush=True)
            if final:
                print(f"\n[{final.finish_reason}, {final.usage}]")

        for chunk, final in client.generate("Again!", streaming=True, retries=0).stream_generator:
            if isinstance(chunk, SSEErrorResponse):
                print(f"broke off: {chunk.data.message}")
            if final:
                print(f"what had arrived: {final.text!r}")

        stream = client.generate("And again!", streaming=True).stream_generator
        with stream:
            next(stream)
        print(f"left after {stream.partial().text!r}; the provider stops, and so does the bill")
