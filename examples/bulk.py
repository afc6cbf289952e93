"""A file of rows through a model, killed in the middle and resumed. `python bulk.py ray` runs it on a Ray cluster,
`python bulk.py provider` through the provider's own batches, at half the price.

Uses OPENAI_API_KEY where it is set, else a fake provider.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from ai_utilities import AiClient, AiSettings
from ai_utilities.batch import BulkProgress, run_bulk
from dhenara.ai.testing import Answer, FakeBatches, FakeServer

CITIES = ("Paris", "Rome", "Oslo", "Lima", "Cairo", "Quito")
PROMPT = "In which country is {city}? One word."


def settings_of(stack: ExitStack, on: str) -> AiSettings:
    if os.environ.get("OPENAI_API_KEY"):
        return AiSettings()
    replies = FakeBatches(lambda words: "Somewhere.", polls=0) if on == "provider" else Answer(text="Somewhere.")
    server = stack.enter_context(FakeServer(replies, forever=True))
    return AiSettings(provider="openai", api_key="none", model="fake", base_url=f"{server.url}/v1")


def impatient(now: BulkProgress) -> None:
    if now.done == 2:
        raise KeyboardInterrupt


def main(on: str = "here") -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        rows, answers = folder / "cities.jsonl", folder / "answers.jsonl"
        rows.write_text("".join(json.dumps({"city": city}) + "\n" for city in CITIES))
        client = stack.enter_context(AiClient(settings_of(stack, on)))
        try:
            run_bulk(rows, answers, prompt=PROMPT, client=client, concurrency=1, on=on, on_progress=impatient)
        except KeyboardInterrupt:
            print("stopped after two rows")
        print(run_bulk(rows, answers, prompt=PROMPT, client=client, concurrency=2, on=on))
        for line in answers.read_text().splitlines():
            answer = json.loads(line)
            print(f"{answer['city']}: {answer['text']}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
