"""Text to speech, speech to text with times, and subtitles.

Run it: python examples/audio.py. Uses Deepgram if DEEPGRAM_API_KEY is set, otherwise a fake server that
returns a tone.
"""

import os
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer, SampleOperations


def main(**options: Any) -> None:
    with AIModelClient("deepgram/aura-2-thalia-en", **options) as client:
        path = client.speak_stream("Hello there.", format="wav").save("hello.wav", overwrite=True)
    with AIModelClient("deepgram/nova-3", **options) as client:
        transcript = client.transcribe(path, timestamps="word")
    print(transcript.text)
    print(transcript.to_srt())


if "DEEPGRAM_API_KEY" in os.environ:
    main()
else:
    with FakeServer(SampleOperations(), forever=True) as server:
        main(api_key="none", base_url=f"{server.url}/v1")
