"""An environment for each contestant, made when it is first needed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".venvs"


@dataclass(frozen=True, slots=True)
class Contestant:
    """`module` is its file in `contestants/`, `target` what `import` is measured on: a package and a name of it."""

    name: str
    module: str
    target: str
    needs: tuple[str, ...]

    @property
    def home(self) -> Path:
        return HOME / f"bench-{self.module}"

    @property
    def python(self) -> Path:
        return self.home / "bin" / "python"


CONTESTANTS = (
    Contestant("dhenara", "ours", "dhenara.ai:AIModelClient", (str(ROOT),)),
    Contestant("bare httpx2 + json", "bare", "httpx2:Client", ("httpx2",)),
    Contestant("openai", "openai_sdk", "openai:OpenAI", ("openai",)),
    Contestant("anthropic", "anthropic_sdk", "anthropic:Anthropic", ("anthropic",)),
    Contestant("litellm", "litellm_lib", "litellm:completion", ("litellm",)),
    Contestant("any-llm", "any_llm_lib", "any_llm:completion", ("any-llm-sdk[openai]",)),
    Contestant("pydantic-ai-slim", "pydantic_ai_lib", "pydantic_ai:Agent", ("pydantic-ai-slim[openai]",)),
    Contestant("langchain-openai", "langchain_lib", "langchain_openai:ChatOpenAI", ("langchain-openai",)),
)


class CannotInstall(Exception):
    """Why a contestant is not there."""


def prepare(contestant: Contestant) -> None:
    """Installs what is missing. Ours is installed anew each time, for it changes."""
    if not contestant.python.exists():
        run([sys.executable, "-m", "venv", str(contestant.home)])
        run([str(contestant.python), "-m", "pip", "install", "--quiet", "--upgrade", "pip"])
    marker = contestant.home / ".ready"
    if contestant.module == "ours" or not marker.exists():
        install = [str(contestant.python), "-m", "pip", "install", "--quiet", "--prefer-binary"]
        again = ["--force-reinstall", "--no-deps"] if contestant.module == "ours" and marker.exists() else []
        run([*install, *again, *contestant.needs])
        run([str(contestant.python), "-m", "compileall", "-q", str(contestant.home / "lib")], check=False)
        marker.touch()


def versions(contestant: Contestant) -> str:
    """The contestant's own version, and how many distributions it brought."""
    listed = run([str(contestant.python), "-m", "pip", "list", "--format", "freeze"]).splitlines()
    wanted = contestant.needs[0].split("[")[0] if contestant.module != "ours" else "dhenara"
    own = next((line.split("==")[1] for line in listed if line.lower().startswith(f"{wanted.lower()}==")), "?")
    return f"{own} ({len(listed) - 2} distributions)"


def run(command: list[str], *, check: bool = True) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise CannotInstall((done.stderr or done.stdout).strip().splitlines()[-1][:200])
    return done.stdout
