"""Conversations in files: as the engine saves them, and as the command line did before."""

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
        match = json.loads(stored)
        if isinstance(match, dict) and "messages" in match:
            return SavedConversation(turns=turns_of([Message.model_validate(message) for message in match["messages"]]))
        return read_saved(stored)
    except (ValueError, TypeError, ProviderConfigurationError) as error:
        raise ProviderConfigurationError(f"{path} is not a conversation that was saved: {error}") from error


def turns_of(messages: Sequence[Message]) -> list[Turn]:
    """Each answer ends a turn; what it used and cost was not kept."""
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
