"""A conversation: ask, stream, switch the model, undo, save, load, and call a function.

Run it: python examples/conversation.py. Uses OpenAI and Anthropic if OPENAI_API_KEY and ANTHROPIC_API_KEY are set,
otherwise a fake server.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from dhenara.ai import AIModelClient
from dhenara.ai.conversation import Conversation
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import AIModelEndpoint


def clock() -> str:
    """The current time."""
    return "12:00"


def main(gpt: str | AIModelEndpoint, claude: str | AIModelEndpoint) -> None:
    with AIModelClient(gpt) as client, client.conversation(system="Be brief.") as conversation:
        print(conversation.ask("I am Ann.").text)
        for chunk, _ in conversation.stream("Who am I?"):
            print(chunk.text_delta if chunk else "\n", end="", flush=True)
        print(conversation.switch(claude).ask("And who are you?").text)
        conversation.undo()
        with TemporaryDirectory() as folder:
            path = Path(folder, "conversation.json")
            conversation.save(path)
            loaded = Conversation.load(path, client)
        print(loaded.ask("Goodbye.").text)
        print(loaded.run("What time is it?", tools=[clock]).text)
        print(f"{len(loaded.turns)} turns, {loaded.usage.total_tokens} tokens")
        print(loaded.explain_cache())


GPT, CLAUDE = "openai/gpt-5.4-mini", "anthropic/claude-sonnet-5"
REPLIES = (
    *("Hello, Ann.", "Your name is Ann.", "I am Claude.", "Goodbye, Ann."),
    Answer(tool_calls=(FakeToolCall("clock", {}),)),
    "It is noon.",
)

if {"OPENAI_API_KEY", "ANTHROPIC_API_KEY"} <= os.environ.keys():
    main(GPT, CLAUDE)
else:
    with FakeServer(*(Answer(text=one) if isinstance(one, str) else one for one in REPLIES)) as server:
        main(
            AIModelEndpoint.of(GPT, api_key="none", base_url=f"{server.url}/v1"),
            AIModelEndpoint.of(CLAUDE, api_key="none", base_url=server.url),
        )
