"""The wheel, as somebody else gets it: complete, clean, and working in a fresh environment."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXTRAS = tuple(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
FIRST_CALL = """
import sys
from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint
import ai_utilities

with FakeServer(Answer(text="Hello!"), Answer(text="Again!")) as server:
    api = AIModelAPI(provider="openai", api_key="sk-test", config={"base_url": f"{server.url}/v1"})
    with AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="any"))) as client:
        assert client.generate("Hi").chat_response.text() == "Hello!"
        for chunk, final in client.generate("Hi", streaming=True).stream_generator:
            pass
        assert final.chat_response.text() == "Again!"
print("works")
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel and an sdist of the checkout."""
    made = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--quiet", "--outdir", str(made), str(ROOT)], check=True)
    return made


@pytest.mark.slow
def test_the_wheel_holds_the_packages_and_nothing_else(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"dhenara", "ai_utilities"}
    assert {"dhenara/ai/py.typed", "ai_utilities/py.typed"} <= set(names)
    stray = [n for n in names if not n.endswith((".py", ".typed", ".json", ".lua")) and ".dist-info/" not in n]
    assert stray == []


@pytest.mark.slow
def test_the_sdist_builds_what_the_checkout_builds(dist: Path) -> None:
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = archive.getnames()
    assert any(name.endswith("src/dhenara/ai/client.py") for name in names)
    assert not [name for name in names if "/.venv" in name or "__pycache__" in name]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("extra", ["", *EXTRAS])
def test_a_fresh_environment_makes_its_first_call(extra: str, dist: Path, tmp_path: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    named = f"dhenara[{extra}] @ {wheel.as_uri()}" if extra else str(wheel)
    subprocess.run([python, "-m", "pip", "install", "--quiet", named], check=True)
    done = subprocess.run([python, "-W", "error", "-c", FIRST_CALL], capture_output=True, text=True, check=False)
    assert done.stdout == "works\n", done.stderr
