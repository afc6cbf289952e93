"""Recognizes requests that continue a history stored at the provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..types.call_config import AIModelCallConfig
from ..types.model import AIModel

STORED_HISTORY = (
    "previous_response_id",
    "previous_interaction_id",
    "conversation",
    "conversation_id",
    "cachedContent",
    "cached_content",
    "thread_id",
    "session_id",
)
"""Request fields of several vendors that refer to stored responses, conversations or cached contents."""


def continues_stored_history(config: AIModelCallConfig, model: AIModel) -> bool:
    """Return whether the messages continue a history that only the provider has.

    Args:
        config: Settings of the call; its `options` are request fields.
        model: The model; its `parameters` are request fields too.

    Returns:
        True if tool results may belong to calls that are not among the messages.
    """
    if config.prompt_cache is not None and config.prompt_cache.stored is not None:
        return True
    return names_stored_history(config.options) or names_stored_history(model.parameters)


def names_stored_history(fields: Mapping[str, Any]) -> bool:
    return bool(fields) and any(fields.get(name) for name in STORED_HISTORY)
