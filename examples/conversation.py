"""A conversation that changes its model in the middle, is taken back, saved, and goes on.

With OPENAI_API_KEY and ANTHROPIC_API_KEY it talks to them; without, to a fake server in this process.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.conversation import Conversation
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import AIModelEndpoint

REAL = "OPENAI_API_KEY" in os.environ and "ANTHROPIC_API_KEY" in os.environ
SCRIPT = (
    *("Hello, Ann.", "Your name is Ann.", "You are Ann, and I am Claude.", "Good-bye, Ann."),
    Answer(tool_calls=(FakeToolCall("clock", {}),)),
    "It is noon, Ann.",
)


def clock() -> str:
    """The time of the day."""
    return "12:00"


def endpoint(name: str, url: str) -> AIModelEndpoint:
    fake: dict[str, Any] = {} if REAL else {"api_key": "none", "base_url": url}
    return AIModelEndpoint.of(name, **fake)


with FakeServer(*(Answer(text=said) if isinstance(said, str) else said for said in SCRIPT), strict=True) as server:
    gpt = endpoint("openai/gpt-5.4-mini", f"{server.url}/v1")
    claude = endpoint("anthropic/claude-haiku-4-5", server.url)
    with AIModelClient(gpt) as client, client.conversation("You are brief.") as talk:
        print(talk.ask("I am Ann.").text)
        for chunk, _ in talk.stream("Who am I?"):
            print(chunk.text_delta if chunk else "\n", end="", flush=True)
        print(talk.switch(claude).ask("And who are you?").text)
        talk.undo()
        with tempfile.TemporaryDirectory() as folder:
            talk.save(Path(folder) / "talk.json")
            again = Conversation.load(Path(folder) / "talk.json", client)
        print(again.ask("Good-bye.").text)
        print(again.run("How late is it?", tools=[clock]).text)
        print(f"{len(again.turns)} turns, {again.usage.total_tokens} tokens; {again.explain_cache()}")
