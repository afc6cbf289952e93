"""Conversations: a history of turns that can switch models, branch, undo and be saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy_package

if TYPE_CHECKING:
    from .conversation import Conversation as Conversation
    from .serialization import SavedConversation as SavedConversation, read_saved as read_saved
    from .turn import Turn as Turn
    from .turns import TurnHistory as TurnHistory

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        "Conversation": ".conversation",
        "SavedConversation": ".serialization",
        "Turn": ".turn",
        "TurnHistory": ".turns",
        "read_saved": ".serialization",
    },
)
