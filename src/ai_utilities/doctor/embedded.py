"""The model in this process: whether it and its weights are there, and whole."""

from __future__ import annotations

from collections.abc import Iterator

from dhenara.ai.diagnosis import embedded_model

from .check_result import CheckResult, failed, passed

WHAT = "embedded model"
FIX = "ai-utilities local install"


def check_embedded(wanted: bool) -> Iterator[CheckResult]:
    """A failure only for whoever wants to ask it; nobody else has to have it."""
    match = embedded_model()
    if match.problem is None:
        yield passed(WHAT, f"{match.name} is there and whole, llama.cpp is {match.runner}")
    elif wanted:
        yield failed(WHAT, match.problem, FIX)
    else:
        yield CheckResult(WHAT, "ok", match.problem, f"only if you want a model without a key: {FIX}")
