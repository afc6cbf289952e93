"""Stored history: options by which a request continues what the provider has stored."""

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
"""Names of request fields: earlier responses, conversations and cached contents, in the words of several vendors."""


def continues_stored_history(config: AIModelCallConfig, model: AIModel) -> bool:
    """Whether the request's messages follow others that only the provider has.

    Args:
        config: The settings of the call; its `options` are fields of the request.
        model: The model; its `parameters` are fields of the request too.

    Returns:
        True if tool results may answer calls that are not among the messages.
    """
    if config.prompt_cache is not None and config.prompt_cache.stored is not None:
        return True
    return names_stored_history(config.options) or names_stored_history(model.parameters)


def names_stored_history(fields: Mapping[str, Any]) -> bool:
    return bool(fields) and any(fields.get(name) for name in STORED_HISTORY)
