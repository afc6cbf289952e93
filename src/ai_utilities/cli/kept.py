"""Conversations in files: as the engine saves them, and as the command line did before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dhenara.ai.conversation import Saved, Turn, read_saved
from dhenara.ai.types import ChatResponse, ChatResponseChoice, Message

from ..exceptions import ProviderConfigurationError


def read_kept(path: Path) -> Saved:
    kept = path.read_bytes()
    try:
        found = json.loads(kept)
        if isinstance(found, dict) and "messages" in found:
            return Saved(turns=turns_of([Message.model_validate(message) for message in found["messages"]]))
        return read_saved(kept)
    except (ValueError, TypeError, ProviderConfigurationError) as error:
        raise ProviderConfigurationError(f"{path} is not a conversation that was saved: {error}") from error


def turns_of(messages: Sequence[Message]) -> list[Turn]:
    """Each answer ends a turn; what it used and cost was not kept."""
    turns: list[Turn] = []
    asked: list[Any] = []
    for message in messages:
        if message.role != "assistant":
            asked.append(message)
            continue
        answer = ChatResponse(choices=[ChatResponseChoice(contents=message.contents)])
        turns.append(Turn(asked=asked, answer=answer))
        asked = []
    return turns
