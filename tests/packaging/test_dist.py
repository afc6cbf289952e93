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
ALONE = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "OPENAI_API_KEY")}
"""The environment of somebody else, who has no checkout."""

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
    server.add_replies(Answer(text="Hello!"))
    settings = ai_utilities.AiSettings(_env_file=None, api_key="sk-test", base_url=f"{server.url}/v1", model="any")
    with ai_utilities.AiClient(settings) as client:
        assert client.ask("Hi") == "Hello!"
print("works")
"""
EVERY_MODULE = """
import importlib, pkgutil
import ai_utilities, dhenara.ai
from dhenara.ai.errors import ConfigurationError

missing = set()
for package in (ai_utilities, dhenara.ai):
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if found.name.endswith("__main__"):
            continue
        try:
            importlib.import_module(found.name)
        except (ImportError, ConfigurationError) as error:
            lacking = error if isinstance(error, ImportError) else error.__cause__
            assert isinstance(lacking, ModuleNotFoundError), error
            assert not lacking.name.startswith(("dhenara", "ai_utilities")), error
            missing.add(lacking.name.partition(".")[0])
print(*sorted(missing))
"""
LOADED = {
    "cli": {"questionary", "typer"},
    "mcp": {"mcp"},
    "aiohttp": {"aiohttp"},
    "httpx2": {"httpcore2", "httpx2"},
    "web": {"starlette"},
    "langchain": {"langchain_core"},
    "pydantic-ai": {"pydantic_ai"},
    "llm": {"llm"},
    "instructor": {"instructor"},
    "llama-index": {"llama_index"},
}
"""What the modules of an extra load at once; without the extra, nobody loads these modules."""
NO_EXTRA = {"trio", "pytest"}
"""What a module serves that belongs to no extra: who uses trio or pytest has installed it."""
HTTPX2 = {"httpcore2", "httpx2"}
BROUGHT = {
    "mcp": {"starlette", *HTTPX2},
    "langchain": HTTPX2,
    "pydantic-ai": HTTPX2,
    "llm": HTTPX2,
    "instructor": {"aiohttp", "typer", *HTTPX2},
    "llama-index": {"aiohttp"},
}
"""What the package of an extra needs itself, and another extra loads."""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel and an sdist of the checkout."""
    made = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--quiet", "--outdir", str(made), str(ROOT)], check=True)
    return made


def installed(extra: str, dist: Path, folder: Path) -> Path:
    """The interpreter of a fresh environment that has the wheel with this extra, and nothing else."""
    (wheel,) = dist.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    named = f"dhenara[{extra}] @ {wheel.as_uri()}" if extra else str(wheel)
    subprocess.run([python, "-m", "pip", "install", "--quiet", named], env=ALONE, check=True)
    return python


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
    assert any(name.endswith("src/dhenara/ai/client/client.py") for name in names)
    assert not [name for name in names if "__pycache__" in name]
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["sdist"][
        "include"
    ]
    tops = {f"/{name.split('/')[1]}" for name in names if "/" in name}
    assert tops - {"/PKG-INFO", "/pyproject.toml", "/.gitignore"} == set(listed)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("extra", ["", *EXTRAS])
def test_a_fresh_environment_makes_its_first_call(extra: str, dist: Path, tmp_path: Path) -> None:
    python = installed(extra, dist, tmp_path)
    assert ran(python, "-W", "error", "-c", FIRST_CALL) == "works\n"
    ran(python, "-m", "pip", "check")
    lacking = NO_EXTRA.union(*(names for other, names in LOADED.items() if other != extra))
    lacking -= BROUGHT.get(extra, set())
    assert set(ran(python, "-W", "error", "-c", EVERY_MODULE).split()) == lacking


def ran(python: Path, *arguments: str) -> str:
    """What it printed, where nothing went wrong."""
    done = subprocess.run([python, *arguments], env=ALONE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("extra", ["", "cli"])
def test_the_command_works_or_says_what_it_needs(extra: str, dist: Path, tmp_path: Path) -> None:
    command = installed(extra, dist, tmp_path).with_name("ai-utilities")
    reported = [str(command), "ask", "hi", "--provider", "openai"]
    done = subprocess.run(reported, cwd=tmp_path, env=ALONE, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert ("Set OPENAI_API_KEY" if extra else "dhenara[cli]").lower() in done.stderr.lower()
    assert "Traceback" not in done.stderr
