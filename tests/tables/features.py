"""The page with what each provider offers, made from the providers' data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dhenara.ai.providers.operation_routes import offered_operations
from dhenara.ai.providers.provider import Provider
from tables.dialects import thinking
from tables.providers import providers, row

PAGE = Path(__file__).resolve().parents[2] / "docs" / "features.md"
HEAD = """---
hide:
  - toc
---

# Features by provider

What the library offers at each provider. Made from the providers' data by `make tables`. Type into the field to see
the rows of some providers, or the providers that have all of some features: `embeddings rerank`.

✓: offered. —: the provider does not have it, or the library does not reach it; a call raises `UnsupportedError`
before anything is sent, and says which providers have it. Streaming, function calling, structured output and runs
over tools work at every provider with chat.

"""
FOOT = """
What depends on the model, such as images, audio and PDF files in prompts, is checked for each call against what is
known of that model: `ai-utilities models NAME` shows it.

How each provider is reached: [Providers](providers.md). Names of parameters: [Parameters](parameters.md).
"""


def offers(operation: str) -> Callable[[Provider], str]:
    return lambda provider: "✓" if operation in offered_operations(provider) else "—"


def chat(value: Callable[[Provider], str]) -> Callable[[Provider], str]:
    """A column about chat, empty where there is none."""
    return lambda provider: value(provider) if provider.routes else "—"


COLUMNS: dict[str, Callable[[Provider], str]] = {
    "chat": chat(lambda provider: "✓"),
    "reasoning": chat(thinking),
    "embeddings": offers("embed"),
    "rerank": offers("rerank"),
    "images": offers("image"),
    "speech": offers("speak"),
    "transcription": offers("transcribe"),
    "moderation": offers("moderate"),
    "OCR": offers("ocr"),
    "files": offers("files"),
    "batches": offers("batches"),
    "token count": offers("count_tokens"),
}


def page() -> str:
    """The whole page."""
    lines = [row("provider", *COLUMNS), row(*["---"] * (1 + len(COLUMNS)))]
    lines += [row(f"`{each.name}`", *(column(each) for column in COLUMNS.values())) for each in providers()]
    return HEAD + "\n".join(lines) + "\n" + FOOT
