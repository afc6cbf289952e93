"""The page with what each provider offers, made from the providers' data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dhenara.ai.providers.operation_routes import offered_operations
from dhenara.ai.providers.provider import Provider, load_provider
from tables.dialects import reasoning
from tables.providers import providers, row

PAGE = Path(__file__).resolve().parents[2] / "docs" / "features.md"
HOME = PAGE.with_name("index.md")
BEGIN, END = "<!-- features -->", "<!-- end of features -->"
SHOWN = (
    *("openai", "anthropic", "google_ai", "amazon_bedrock", "microsoft_openai"),
    *("mistral", "groq", "xai", "cohere", "ollama"),
)
"""The providers on the home page."""

OMITTED = ("reasoning", "moderation", "OCR", "token count")
"""Columns that the home page has no room for."""
HEAD = """---
hide:
  - toc
---

# Features by provider

Which operations each provider has. This page is made from the providers' data. Type names of providers or features
into the field, such as `embeddings rerank`, to filter the table.

✓: supported. —: not supported; a call raises `UnsupportedError` before anything is sent, and the message names
providers that support it. Streaming, function calling, structured output and tool runs work with every provider that
has chat.

"""
FOOT = """
Images, audio and PDF files in prompts depend on the model. Each call is checked against the model's entry in the
catalogue; `ai-utilities models NAME` shows it.

## See also

[Providers](providers.md) with their keys and addresses, [Parameters](parameters.md), [Models](models.md).
"""


def offers(operation: str) -> Callable[[Provider], str]:
    return lambda provider: "✓" if operation in offered_operations(provider) else "—"


def chat(value: Callable[[Provider], str]) -> Callable[[Provider], str]:
    """A column about chat, empty where there is none."""
    return lambda provider: value(provider) if provider.routes else "—"


COLUMNS: dict[str, Callable[[Provider], str]] = {
    "chat": chat(lambda provider: "✓"),
    "reasoning": chat(reasoning),
    "embeddings": offers("embed"),
    "rerank": offers("rerank"),
    "images": offers("image"),
    "speech": offers("speak"),
    "transcription": offers("transcribe"),
    "moderation": offers("moderate"),
    "OCR": offers("ocr"),
    "files": offers("files"),
    "vector stores": offers("vector_stores"),
    "batches": offers("batches"),
    "token count": offers("count_tokens"),
}


def page() -> str:
    """The whole page."""
    return HEAD + table(providers(), list(COLUMNS)) + FOOT


def table(shown: Iterable[Provider], columns: Sequence[str]) -> str:
    lines = [row("provider", *columns), row(*["---"] * (1 + len(columns)))]
    lines += [row(f"`{each.name}`", *(COLUMNS[column](each) for column in columns)) for each in shown]
    return "\n".join(lines) + "\n"


def home() -> str:
    """The home page, with the table of the most used providers made anew."""
    before, _, rest = HOME.read_text(encoding="utf-8").partition(BEGIN)
    made = table(map(load_provider, SHOWN), [column for column in COLUMNS if column not in OMITTED])
    return f"{before}{BEGIN}\n\n{made}\n{END}{rest.partition(END)[2]}"
