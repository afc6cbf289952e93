"""The kit: ask, stream, ask many prompts at once, chat.

Run it: python examples/kit.py. Uses OpenAI if OPENAI_API_KEY is set, otherwise a fake server.
"""

import os
from typing import Any

from ai_utilities import AiClient
from dhenara.ai.testing import Answer, FakeServer


def main(**options: Any) -> None:
    with AiClient("openai/gpt-5.4-mini", **options) as client:
        answer = client.ask("What is the capital of France?")
        print(answer, f"({answer.usage.total_tokens} tokens, {answer.provider})")

        for text in client.ask_stream("Tell me a very short story."):
            print(text, end="", flush=True)
        print()

        for result in client.ask_many(["Name a colour.", "Name a fruit."]):
            print(result.prompt, result if result.ok else result.error)

        chat = client.chat(system="Be brief.")
        chat.ask("My name is Ada.")
        print(chat.ask("What is my name?"))


if "OPENAI_API_KEY" in os.environ:
    main()
else:
    with FakeServer(Answer(text="Hello from the fake server."), forever=True) as server:
        main(api_key="none", base_url=f"{server.url}/v1")
