"""Ask a question about each row of a file, stop in the middle, and resume.

Run it: python examples/bulk.py. `bulk.py ray` runs it on a Ray cluster, `bulk.py provider` through the provider's
batches at half the price. Uses OpenAI if OPENAI_API_KEY is set, otherwise a fake server.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ai_utilities import AiClient
from ai_utilities.batch import BulkProgress, run_bulk
from dhenara.ai.testing import Answer, FakeBatches, FakeServer

CITIES = ("Paris", "Rome", "Oslo", "Lima", "Cairo", "Quito")
PROMPT = "In which country is {city}? One word."


def stop_after_two(now: BulkProgress) -> None:
    if now.done == 2:
        raise KeyboardInterrupt


def main(on: str, **options: Any) -> None:
    with TemporaryDirectory() as folder, AiClient("openai/gpt-5.4-mini", **options) as client:
        rows, answers = Path(folder, "cities.jsonl"), Path(folder, "answers.jsonl")
        rows.write_text("".join(json.dumps({"city": city}) + "\n" for city in CITIES))
        try:
            run_bulk(rows, answers, prompt=PROMPT, client=client, concurrency=1, on=on, on_progress=stop_after_two)
        except KeyboardInterrupt:
            print("stopped after two rows")
        print(run_bulk(rows, answers, prompt=PROMPT, client=client, concurrency=2, on=on))
        for line in answers.read_text().splitlines():
            answer = json.loads(line)
            print(f"{answer['city']}: {answer['text']}")


if __name__ == "__main__":
    where = sys.argv[1] if len(sys.argv) > 1 else "here"
    if "OPENAI_API_KEY" in os.environ:
        main(where)
    else:
        reply = FakeBatches(lambda prompt: "Somewhere.", polls=0) if where == "provider" else Answer(text="Somewhere.")
        with FakeServer(reply, forever=True) as server:
            main(where, api_key="none", base_url=f"{server.url}/v1")
