"""Draw a picture and save it.

With OPENAI_API_KEY set, OpenAI draws; without, a fake provider does, and the picture is blue.
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
    client = stack.enter_context(AIModelClient("openai/gpt-image-2", **fake))
    drawn = client.generate("A sea otter, floating", options={"size": "1024x1024", "quality": "low"}).image_response
    for picture in drawn.images:
        print(picture.save("otter"), picture.size)
