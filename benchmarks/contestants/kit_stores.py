"""ai_utilities, the kit, with ledger, limits and budget in SQLite files."""

import atexit
import shutil
import tempfile
from pathlib import Path

from .kit import APIS, acall, call

__all__ = ["acall", "async_client", "call", "client"]
MODELS = {"chat": "openai/gpt-5.4-mini", "anthropic": "anthropic/claude-haiku-4-5", "gemini": "gemini/gemini-2.5-flash"}
"""A budget needs prices, so these are models that have one."""


def options(url, protocol):
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    home = Path(folder)
    return {
        "model": MODELS[protocol],
        "api_key": "sk-bench",
        "base_url": url + APIS[protocol][1],
        "usage_store": "sqlite",
        "usage_path": home / "usage.db",
        "limit_store": "sqlite",
        "limit_path": home / "limits.db",
        "requests_per_minute": 10**6,
        "tokens_per_minute": 10**9,
        "budget_usd": 10**6,
        "max_tokens": 100,
    }


def client(url, protocol):
    from ai_utilities import AiClient

    return AiClient(**options(url, protocol))


def async_client(url, protocol):
    from ai_utilities import AsyncAiClient

    return AsyncAiClient(**options(url, protocol))
