"""At most two requests per second, however many prompts are waiting.

Run it: python examples/limits.py. Uses OpenAI if OPENAI_API_KEY is set, otherwise a fake server.
"""

import os
import time
from typing import Any

from ai_utilities import AiClient
from ai_utilities.limits import Limit, LimitLayer
from dhenara.ai.testing import Answer, FakeServer


def main(**options: Any) -> None:
    limits = LimitLayer(Limit(requests_per_second=2))
    with AiClient("openai/gpt-5.4-mini", attempt_layers=[limits], **options) as client:
        start = time.monotonic()
        for number in range(4):
            client.ask("Are you there? Yes or no.")
            print(f"answer {number + 1} after {time.monotonic() - start:.1f} s")


if "OPENAI_API_KEY" in os.environ:
    main()
else:
    with FakeServer(Answer(text="Yes."), forever=True) as server:
        main(api_key="none", base_url=f"{server.url}/v1")
