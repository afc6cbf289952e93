"""Programs of their own: forks and the end of the interpreter are tried in processes that do nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PATIENT_TIMEOUT = 60

PRELUDE = """
import asyncio, gc, json, os, sys
from dhenara.ai import AIModelClient
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint

URL, TRANSPORT = sys.argv[1:3]
API = AIModelAPI(provider="openai", api_key="sk-test", config={"base_url": URL + "/v1"})
ENDPOINT = AIModelEndpoint(api=API, ai_model=AIModel(model_name="m"))
client = AIModelClient(ENDPOINT, transport=TRANSPORT)
"""


@cache
def run_program(source: str, url: str, transport: str) -> subprocess.CompletedProcess[str]:
    """Runs it with every warning as an error of the interpreter."""
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", PRELUDE + source, url, transport],
        capture_output=True,
        text=True,
        timeout=PATIENT_TIMEOUT,
        cwd=ROOT,
        env=environment,
        check=False,
    )


def result_of(finished: subprocess.CompletedProcess[str]) -> Any:
    assert (finished.returncode, finished.stderr) == (0, "")
    return json.loads(finished.stdout.splitlines()[-1])
