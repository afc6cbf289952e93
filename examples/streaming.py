"""Streaming: text as it arrives, a stream that breaks, and one that is closed early. What arrived is kept.

Run it: python examples/streaming.py. It uses a fake server, which cuts the second stream.
"""

from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallError
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, HangUp


def main(base_url: str) -> None:
    with AIModelClient("openai/gpt-5.4-mini", api_key="none", base_url=base_url) as client:
        complete = client.generate("Tell me a story.", streaming=True).text_stream
        for text in complete:
            print(text, end="", flush=True)
        final = complete.response
        print(f"\n{final.finish_reason}, {final.usage.total_tokens} tokens")

        broken = client.generate("Tell me a story.", streaming=True, retries=0).text_stream
        try:
            for text in broken:
                print(text, end="", flush=True)
        except CallError as error:
            print(f"\n{error}")
        print(f"arrived: {broken.response.text!r}")

        with client.generate("Tell me a story.", streaming=True).stream_generator as stream:
            next(stream)
        print(f"closed after {stream.partial().text!r}")


STORY = Answer(text="Once upon a time there was a stream.")

with FakeServer(STORY, CutReply(DialectReply(STORY), after=7, end=HangUp()), DialectReply(STORY, pause=0.01)) as server:
    main(f"{server.url}/v1")
