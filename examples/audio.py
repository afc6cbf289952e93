"""Speak, listen to it, and make subtitles.

With OPENAI_API_KEY, OpenAI speaks and listens; without, a fake provider plays a tone and always hears the same.
"""

import os
from contextlib import ExitStack

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer, SampleOperations
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint

with ExitStack() as stack:
    if os.environ.get("OPENAI_API_KEY"):
        api = AIModelAPI(provider="openai")
    else:
        server = stack.enter_context(FakeServer(SampleOperations(), forever=True))
        api = AIModelAPI(provider="openai", api_key="none", config={"base_url": f"{server.url}/v1"})
    voice = AIModelEndpoint(api=api, ai_model=AIModel(model_name="gpt-4o-mini-tts"))
    ear = AIModelEndpoint(api=api, ai_model=AIModel(model_name="whisper-1"))
    speaker = stack.enter_context(AIModelClient(voice))
    listener = stack.enter_context(AIModelClient(ear))

    path = speaker.speak_stream("Hello there.", format="wav").save("hello.wav", overwrite=True)
    heard = listener.transcribe(path, timestamps="word")
    print(heard.text)
    print(heard.to_srt())
