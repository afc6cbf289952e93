"""A bulk run in a process of its own, to be killed."""

from __future__ import annotations

import sys

from ai_utilities import AiClient
from ai_utilities.batch import OnProvider, run_bulk

if __name__ == "__main__":
    source, output, on = (*sys.argv[1:], "here")[:3]
    where = OnProvider(every=0.05) if on == "provider" else on
    with AiClient(provider="openai") as client:
        run_bulk(source, output, prompt="Say {word}", client=client, concurrency=2, on=where)
