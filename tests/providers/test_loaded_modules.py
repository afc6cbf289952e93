"""A plain call loads only the modules that it needs."""

import json
import os
import subprocess
import sys

import pytest

from dhenara.ai.testing import Answer, FakeServer

ONE_CALL = """
import json, sys
from dhenara.ai import AIModelClient
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint
api = AIModelAPI(provider=sys.argv[1], api_key="sk-1", config={"base_url": sys.argv[2]})
client = AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="some-model")))
assert client.generate("hi").chat_response.text() == "Hello!"
print(json.dumps(sorted(sys.modules)))
"""
NOT_LOADED = (
    "aiohttp",
    "anyio",
    "asyncio",
    "genai_prices",
    "http.client",
    "httpx2",
    "sqlite3",
    "ssl",
    "trio",
    "dhenara.ai.pipeline.agent.run_loop",
)
"""What takes long to load, and serves other calls."""


@pytest.mark.parametrize(("provider", "path"), [("openai", "/v1"), ("anthropic", ""), ("deepseek", "/v1")])
def test_a_plain_call_of_chat_loads_nothing_heavy_that_it_does_not_need(
    provider: str, path: str, server: FakeServer
) -> None:
    server.add_replies(Answer(text="Hello!"))
    command = [sys.executable, "-c", ONE_CALL, provider, server.url + path]
    environment = {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "PATH": os.environ.get("PATH", "")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout)
    assert [name for name in loaded if name in NOT_LOADED] == []
