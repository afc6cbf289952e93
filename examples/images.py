"""Draw a picture and save it.

With OPENAI_API_KEY set, OpenAI draws; without, a fake provider does, and the picture is blue.
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
    client = stack.enter_context(AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="gpt-image-2"))))
    drawn = client.generate("A sea otter, floating", options={"size": "1024x1024", "quality": "low"}).image_response
    for picture in drawn.images:
        print(picture.save("otter"), picture.size)
