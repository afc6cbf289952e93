"""An environment for each contestant, made when it is first needed."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".venvs"


@dataclass(frozen=True, slots=True)
class Contestant:
    """One library that is measured.

    Attributes:
        name: Its name in tables.
        module: Its file in `contestants/`.
        needs: What pip installs for it; the first is the library itself.
        protocols: What it speaks, as `answers.ANSWERS` names it; the first is used where a scenario names none.
        shares: Module of the contestant whose environment it uses.
        scenarios: The beginnings of the scenarios that it takes part in; empty: all.
    """

    name: str
    module: str
    needs: tuple[str, ...]
    protocols: tuple[str, ...] = ("chat", "responses")
    shares: str = ""
    scenarios: tuple[str, ...] = ()

    @property
    def home(self) -> Path:
        return HOME / f"bench-{self.shares or self.module}"

    @property
    def python(self) -> Path:
        return self.home / "bin" / "python"

    @property
    def is_ours(self) -> bool:
        return self.needs[0] == str(ROOT)

    def protocol_of(self, scenario: str) -> str | None:
        """The protocol that it speaks in a scenario; None if it does not take part in it."""
        if self.scenarios and not scenario.startswith(self.scenarios):
            return None
        named = next((name for name in EVERY_PROTOCOL if f"_{name}" in scenario), None)
        if named is None and scenario.startswith("stream"):
            named = "chat"
        if named is None:
            return self.protocols[0]
        return named if named in self.protocols else None


EVERY_PROTOCOL = ("chat", "responses", "anthropic", "gemini")
KIT_PROTOCOLS = ("chat", "anthropic", "gemini")
ASYNC = ("call_1_async", "call_500", "stream_1_async", "stream_anthropic_async", "stream_gemini_async", "stream_200")
CONTESTANTS = (
    Contestant("dhenara", "ours", (str(ROOT),), EVERY_PROTOCOL),
    Contestant("dhenara, chunks", "ours_chunks", (str(ROOT),), EVERY_PROTOCOL, "ours", ("stream",)),
    Contestant("dhenara, SSE", "ours_sse", (str(ROOT),), EVERY_PROTOCOL, "ours", ("stream",)),
    Contestant("ai_utilities", "kit", (str(ROOT),), KIT_PROTOCOLS, "ours"),
    Contestant("ai_utilities, SQLite", "kit_stores", (str(ROOT),), KIT_PROTOCOLS, "ours", ("call",)),
    Contestant("raw socket", "raw_socket", ("pydantic-core",), EVERY_PROTOCOL),
    Contestant("httpx2 + json", "bare", ("httpx2",), EVERY_PROTOCOL),
    Contestant("openai", "openai_sdk", ("openai",)),
    Contestant("openai, aiohttp", "openai_aiohttp", ("openai[aiohttp]",), ("chat",), "", ASYNC),
    Contestant("anthropic", "anthropic_sdk", ("anthropic",), ("anthropic",)),
    Contestant("anthropic, aiohttp", "anthropic_aiohttp", ("anthropic[aiohttp]",), ("anthropic",), "", ASYNC),
    Contestant("google-genai", "google_lib", ("google-genai",), ("gemini",)),
    Contestant("google-genai, aiohttp", "google_aiohttp", ("google-genai[aiohttp]",), ("gemini",), "", ASYNC),
    Contestant("litellm", "litellm_lib", ("litellm",), EVERY_PROTOCOL),
    Contestant("any-llm", "any_llm_lib", ("any-llm-sdk[openai]",)),
    Contestant("pydantic-ai-slim", "pydantic_ai_lib", ("pydantic-ai-slim[openai]",)),
    Contestant("langchain-openai", "langchain_lib", ("langchain-openai",)),
)


LIST_DISTRIBUTIONS = """
import importlib.metadata, json
found = importlib.metadata.distributions()
print(json.dumps({one.metadata["Name"].replace("-", "_").lower(): one.version for one in found}))
"""


class CannotInstall(Exception):
    """Why a contestant is not there."""


def prepare(contestant: Contestant) -> None:
    """Installs what is missing. Ours is installed anew each time, for it changes."""
    if not contestant.python.exists():
        run([sys.executable, "-m", "venv", str(contestant.home)])
        run([str(contestant.python), "-m", "pip", "install", "--quiet", "--upgrade", "pip"])
    marker = contestant.home / ".ready"
    anew = contestant.is_ours and not contestant.shares
    if anew or not marker.exists():
        install = [str(contestant.python), "-m", "pip", "install", "--quiet", "--prefer-binary"]
        again = ["--force-reinstall", "--no-deps"] if anew and marker.exists() else []
        run([*install, *again, *contestant.needs])
        run([str(contestant.python), "-m", "compileall", "-q", str(contestant.home / "lib")], check=False)
        marker.touch()


def versions(contestant: Contestant) -> tuple[str, int]:
    """The contestant's own version, and how many distributions it brought."""
    listed: dict[str, str] = json.loads(run([str(contestant.python), "-c", LIST_DISTRIBUTIONS]))
    package = "dhenara" if contestant.is_ours else contestant.needs[0].split("[")[0]
    return listed.get(package.replace("-", "_").lower(), "?"), len(listed.keys() - {"pip", "setuptools"})


def run(command: list[str], *, check: bool = True) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise CannotInstall((done.stderr or done.stdout).strip().splitlines()[-1][:200])
    return done.stdout
