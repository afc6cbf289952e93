"""Formats results for the terminal."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..results import AskResult
from .exit_codes import print_note


def to_json(result: AskResult) -> dict[str, Any]:
    """The result as JSON."""
    usage = result.usage
    return {
        "text": result.text,
        "provider": result.provider,
        "model": result.model,
        "finish_reason": result.finish_reason,
        "usage": {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.total_tokens,
        },
        "cost": None if result.cost is None else str(result.cost),
        "cached": result.cached,
        "duration_s": result.duration_s,
        "warnings": [warning.message for warning in result.warnings],
    }


def show_warnings(result: AskResult) -> None:
    for warning in result.warnings:
        print_note(f"warning: {warning.message}")


def show_usage(result: AskResult) -> None:
    """Prints provider, model, tokens, cost and duration in one line."""
    usage = result.usage
    took = f", {result.duration_s:.1f} s" if result.duration_s is not None else ""
    print_note(
        f"[{result.provider} {result.model}: {usage.prompt_tokens} + {usage.completion_tokens} tokens, "
        f"{format_cost(result.cost)}{took}{', cached' if result.cached else ''}]"
    )


def format_cost(cost: Decimal | None) -> str:
    """The cost in dollars; `cost unknown` for None."""
    if cost is None:
        return "cost unknown"
    return f"${cost:.2f}" if cost >= 1 else f"${cost.normalize():f}"
