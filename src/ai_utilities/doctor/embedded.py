"""The model in this process: whether it and its weights are there, and whole."""

from __future__ import annotations

from collections.abc import Iterator

from dhenara.ai.diagnosis import embedded_model

from .finding import Finding, failure, ok

WHAT = "embedded model"
FIX = "ai-utilities local install"


def check_embedded(wanted: bool) -> Iterator[Finding]:
    """A failure only for whoever wants to ask it; nobody else has to have it."""
    found = embedded_model()
    if found.problem is None:
        yield ok(WHAT, f"{found.name} is there and whole, llama.cpp is {found.runner}")
    elif wanted:
        yield failure(WHAT, found.problem, FIX)
    else:
        yield Finding(WHAT, "ok", found.problem, f"only if you want a model without a key: {FIX}")
