"""The adapters load only when they are imported, and say what to install."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec

import pytest

from dhenara.ai.errors import ConfigurationError

NEEDS = {
    "langchain": "langchain_core",
    "pydantic_ai": "pydantic_ai",
    "llm_plugin": "llm",
    "instructor": "instructor",
    "llama_index": "llama_index",
}
EXTRAS = {"llm_plugin": "llm", "pydantic_ai": "pydantic-ai", "llama_index": "llama-index"}


@pytest.mark.parametrize("module", NEEDS)
def test_an_adapter_names_the_extra_that_it_needs(module: str) -> None:
    if find_spec(NEEDS[module]) is not None:
        pytest.skip(f"{NEEDS[module]} is installed")
    with pytest.raises(ConfigurationError, match=rf"dhenara\[{EXTRAS.get(module, module)}\]"):
        import_module(f"dhenara.ai.adapters.{module}")


def test_a_client_loads_no_adapter() -> None:
    code = (
        "import sys; from dhenara.ai import AIModelClient; AIModelClient('openai/gpt-5.4-mini', api_key='any');"
        "print([name for name in sys.modules if 'adapters' in name and 'http' not in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
