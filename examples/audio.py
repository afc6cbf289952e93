"""Speak, listen to it, and make subtitles.

With OPENAI_API_KEY, OpenAI speaks and listens; without, a fake provider plays a tone and always hears the same.
"""

import os
from contextlib import ExitStack
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer, SampleOperations

with ExitStack() as stack:
    fake: dict[str, Any] = {}
    if not os.environ.get("OPENAI_API_KEY"):
        server = stack.enter_context(FakeServer(SampleOperations(), forever=True))
        fake = {"api_key": "none", "base_url": f"{server.url}/v1"}
    speaker = stack.enter_context(AIModelClient("openai/gpt-4o-mini-tts", **fake))
    listener = stack.enter_context(AIModelClient("openai/whisper-1", **fake))

    path = speaker.speak_stream("Hello there.", format="wav").save("hello.wav", overwrite=True)
    heard = listener.transcribe(path, timestamps="word")
    print(heard.text)
    print(heard.to_srt())
