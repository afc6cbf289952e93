"""Reads saved conversations: those of the engine, and the older format of the command line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dhenara.ai.conversation import SavedConversation, Turn, read_saved
from dhenara.ai.types import ChatResponse, ChatResponseChoice, Message

from ..exceptions import ProviderConfigurationError


def read_saved_chat(path: Path) -> SavedConversation:
    stored = path.read_bytes()
    try:
        data = json.loads(stored)
        if isinstance(data, dict) and "messages" in data:
            return SavedConversation(turns=turns_of([Message.model_validate(message) for message in data["messages"]]))
        return read_saved(stored)
    except (ValueError, TypeError, ProviderConfigurationError) as error:
        raise ProviderConfigurationError(f"{path} is not a saved conversation: {error}") from error


def turns_of(messages: Sequence[Message]) -> list[Turn]:
    """One turn per answer. The older format has no usage and cost."""
    turns: list[Turn] = []
    request: list[Any] = []
    for message in messages:
        if message.role != "assistant":
            request.append(message)
            continue
        answer = ChatResponse(choices=[ChatResponseChoice(contents=message.contents)])
        turns.append(Turn(prompt=request, answer=answer))
        request = []
    return turns
