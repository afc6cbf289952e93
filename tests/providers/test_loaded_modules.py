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

NOT_IMPORTED = (
    "ai_utilities.usage.totals",
    "dhenara.ai.catalog.own_tables",
    "dhenara.ai.catalog.price_rows",
    "dhenara.ai.catalog.price_tables",
    "dhenara.ai.catalog.prices",
    "dhenara.ai.types.config.routes",
    "dhenara.ai.types.tools.caller_tools",
    "dhenara.ai.types.tools.tool_actions",
)
"""What serves responses, routes and tools, and is loaded with the first of them."""


@pytest.mark.parametrize(("provider", "path"), [("openai", "/v1"), ("anthropic", ""), ("deepseek", "/v1")])
def test_a_plain_call_of_chat_loads_nothing_heavy_that_it_does_not_need(
    provider: str, path: str, server: FakeServer
) -> None:
    server.add_replies(Answer(text="Hello!"))
    loaded = modules_loaded_by(ONE_CALL, provider, server.url + path)
    assert [name for name in loaded if name in NOT_LOADED] == []


@pytest.mark.parametrize("statement", ["from dhenara.ai import AIModelClient", "from ai_utilities import AiClient"])
def test_an_import_of_the_client_loads_nothing_that_only_calls_need(statement: str) -> None:
    loaded = modules_loaded_by(f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))")
    assert [name for name in loaded if name in NOT_IMPORTED] == []


def modules_loaded_by(code: str, *arguments: str) -> list[str]:
    """Return the modules that are loaded in a process of its own after this code."""
    environment = {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "PATH": os.environ.get("PATH", "")}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    loaded: list[str] = json.loads(done.stdout)
    return loaded


NAMED_CALL = """
import json, sys
from dhenara.ai import AIModelClient
client = AIModelClient(sys.argv[1], api_key="sk-1", base_url=sys.argv[2], protocol=sys.argv[3] or None)
assert client.generate("hi").text == "Hello!"
print(json.dumps(sorted(sys.modules)))
"""
BUILDS_SCHEMAS = "importlib.metadata"
"""Pydantic loads it to look for plugins when it builds a schema for the first time."""


@pytest.mark.parametrize(
    ("model", "path", "protocol"),
    [
        ("openai/some-model", "/v1", "openai_chat"),
        ("openai/some-model", "/v1", "openai_responses"),
        ("anthropic/some-model", "", ""),
        ("gemini/some-model", "/v1beta", ""),
        ("bedrock/some-model", "", ""),
    ],
)
def test_a_plain_call_builds_no_schema(model: str, path: str, protocol: str, server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"))
    assert BUILDS_SCHEMAS not in modules_loaded_by(NAMED_CALL, model, server.url + path, protocol)


def test_a_plain_call_loads_no_tools_and_no_types_of_files(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"))
    loaded = modules_loaded_by(NAMED_CALL, "openai/some-model", f"{server.url}/v1", "openai_chat")
    unused = ("tools.caller_tools", "tools.tool_actions", "operations.files", "operations.batch")
    assert [name for name in loaded if name.endswith(unused)] == []


KIT_CALL = """
import json, sys
from ai_utilities import AiClient
client = AiClient("openai/some-model", api_key="sk-1", base_url=sys.argv[1])
assert client.ask("hi").text == "Hello!"
print(json.dumps(sorted(sys.modules)))
"""


def test_a_call_of_the_kit_with_usage_in_memory_loads_no_database(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"))
    assert {"sqlite3", "ai_utilities.storage.sqlite"}.isdisjoint(modules_loaded_by(KIT_CALL, f"{server.url}/v1"))
