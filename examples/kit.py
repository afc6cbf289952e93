"""The kit in twenty lines: ask, stream, ask many, hold a conversation.

Uses OPENAI_API_KEY, or what AI_PROVIDER names; without any, a fake provider on this machine.
"""

import os

from ai_utilities import AiClient
from dhenara.ai.testing import Answer, FakeServer


def show(client: AiClient) -> None:
    answer = client.ask("What is the capital of France?")
    print(answer, f"({answer.usage.total_tokens} tokens, {answer.provider})")

    for piece in client.ask_stream("Tell me a very short story."):
        print(piece, end="", flush=True)
    print()

    for result in client.ask_many(["Name a colour.", "Name a fruit."]):
        print(result.prompt, result if result.ok else result.error)

    chat = client.chat(system="Be brief.")
    chat.ask("My name is Ada.")
    print(chat.ask("What is my name?"))


if os.environ.get("OPENAI_API_KEY") or os.environ.get("AI_PROVIDER"):
    with AiClient() as client:
        show(client)
else:
    with (
        FakeServer(Answer(text="A fake provider says hello."), forever=True) as server,
        AiClient("openai/gpt-5.4-mini", api_key="none", base_url=f"{server.url}/v1") as client,
    ):
        show(client)
