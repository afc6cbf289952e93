"""Conversations: a history of turns that can switch models, branch, undo and be saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_package import lazy_package

if TYPE_CHECKING:
    from .conversation import Conversation as Conversation
    from .turn import (
        SavedConversation as SavedConversation,
        Turn as Turn,
        read_saved as read_saved,
        read_saved_file as read_saved_file,
    )
    from .turns import TurnHistory as TurnHistory

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        "Conversation": ".conversation",
        "SavedConversation": ".turn",
        "Turn": ".turn",
        "TurnHistory": ".turns",
        "read_saved": ".turn",
        "read_saved_file": ".turn",
    },
)
