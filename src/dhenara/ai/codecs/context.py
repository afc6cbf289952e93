"""Warnings about context policies that a provider does not support."""

from __future__ import annotations

from ..types.call_config import AIModelCallConfig
from .warnings import WarningCollector

OFFERED_BY_SOME = ("compact_at", "clear_tool_results_at", "truncation")


def warn_unsupported_context(config: AIModelCallConfig, warnings: WarningCollector, *offered: str) -> None:
    """Warn about policy settings that the protocol does not support."""
    policy = config.context_policy
    if policy is not None:
        for wish in OFFERED_BY_SOME:
            if wish not in offered and getattr(policy, wish) is not None:
                warnings.unsupported(f"context_policy.{wish}", "not supported by this provider")
