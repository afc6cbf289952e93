"""What editors know of clients, endpoints and settings."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ai_utilities import AiSettings
from dhenara.ai.types import ApiOptions

ROOT = Path(__file__).parents[2]
IMPORTS = """\
from ai_utilities import AiClient, AiSettings, AsyncAiClient, create_client
from dhenara.ai import AIModelClient
from dhenara.ai.types import AIModelAPI, AIModelEndpoint
"""
SETTINGS = set(AiSettings.model_fields)
OPTIONS = set(ApiOptions.__annotations__)


@pytest.mark.slow  # jedi reads the signatures for half a minute
@pytest.mark.parametrize(
    ("call", "names"),
    [
        ("AiClient(", SETTINGS | {"env_file", "cache", "layers"}),
        ("AsyncAiClient(", SETTINGS | {"env_file", "cache", "layers"}),
        ("create_client(", SETTINGS | {"env_file"}),
        ("AiSettings(", SETTINGS),
        ("AIModelClient('openai/gpt-5.4-mini', ", OPTIONS | {"provider", "api_key", "fallbacks"}),
        ("AIModelEndpoint.of('openai/gpt-5.4-mini', ", OPTIONS | {"provider", "api_key"}),
        ("AIModelAPI(", {"provider", "api_key", "credentials", "config"}),
    ],
)
def test_jedi_completes_every_argument(call: str, names: set[str]) -> None:
    jedi = pytest.importorskip("jedi")
    project = jedi.Project(ROOT, added_sys_path=["src"])
    script = jedi.Script(f"{IMPORTS}{call}", path=ROOT / "src" / "snippet.py", project=project)
    completed = {one.name.removesuffix("=") for one in script.complete() if one.name.endswith("=")}
    assert names <= completed


RIGHT = """
AiClient("anthropic/claude-sonnet-5").ask("hi", model="openai/gpt-5.4-mini")
AiClient(provider="openai", model="gpt-5.4-mini", api_key="k", temperature=0, fallbacks=["groq"], verify="ca.pem")
AiClient(AiSettings(provider="openai", cache_path="x.db"), temperature=0.1)
AsyncAiClient("openai", cache_enabled=True, cache_backend="sqlite", extra_headers={"x-team": "a"})
create_client("openai", "gpt-5.4-mini", provider_config={"region": "eu"}, env_file=".env.test")
AiSettings(model="openai/gpt-5.4-mini", api_key="k", base_url="http://127.0.0.1", redis_url="redis://127.0.0.1")
AIModelClient("openai/gpt-5.4-mini", api_key="k", fallbacks=["claude-sonnet-5", AIModelEndpoint.of("groq/m")])
AIModelClient("bedrock/m", credentials={"profile": "work"}, region="eu-west-1").with_endpoint("groq/m")
AIModelClient("openai/m").conversation().switch("anthropic/claude-sonnet-5")
AIModelEndpoint.of("azure/my-deployment", "k", endpoint="https://r.openai.azure.com", api_version="2024-10-21")
AIModelAPI(provider="openai", api_key="k")
"""
WRONG = [
    "AiClient(temprature=1)",
    "AiClient(42)",
    "AiClient(AIModelEndpoint)",
    'AiClient("openai", temperature="hot")',
    'AsyncAiClient("openai", cache_backend="disk")',
    'create_client("openai", max_tokens="many")',
    "AiSettings(temprature=1)",
    "AiSettings(provider=7)",
    "AIModelClient(None)",
    "AIModelClient(AiSettings())",
    'AIModelClient("openai/m", regoin="x")',
    'AIModelClient("openai/m", temperature=0)',
    "AIModelEndpoint.of(3)",
    'AIModelAPI(provider="openai", apikey="k")',
]


@pytest.mark.slow
def test_pyright_knows_every_argument_and_refuses_what_is_none(tmp_path: Path) -> None:
    pytest.importorskip("pyright")
    text = IMPORTS + RIGHT + "\n".join(WRONG) + "\n"
    (tmp_path / "snippet.py").write_text(text, encoding="utf-8")
    (tmp_path / "pyrightconfig.json").write_text(f'{{"extraPaths": ["{(ROOT / "src").as_posix()}"]}}', encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    problems = json.loads(done.stdout)["generalDiagnostics"]
    wrong = {one["range"]["start"]["line"] for one in problems if one["severity"] == "error"}
    lines = text.splitlines()
    assert [lines[line] for line in sorted(wrong)] == WRONG
