"""Generate an image and save it.

Run it: python examples/images.py. Uses OpenAI if OPENAI_API_KEY is set, otherwise a fake server that returns a blue
image.
"""

import os
from typing import Any

from ai_utilities import AiClient
from dhenara.ai.testing import FakeServer, SampleOperations


def main(**options: Any) -> None:
    with AiClient("openai", **options) as client:
        response = client.image("A lighthouse at night", options={"size": "1024x1024", "quality": "low"})
        for image in response.images:
            print(image.save("lighthouse"), image.size)


if "OPENAI_API_KEY" in os.environ:
    main()
else:
    with FakeServer(SampleOperations(), forever=True) as server:
        main(api_key="none", base_url=f"{server.url}/v1")
