"""Conversations: turns that grow, move between models, branch, and can be saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING:
    from .conversation import Conversation as Conversation
    from .saved import Saved as Saved, read_saved as read_saved
    from .turn import Turn as Turn
    from .turns import Turns as Turns

__getattr__, __dir__ = lazy(
    __name__,
    {
        "Conversation": ".conversation",
        "Saved": ".saved",
        "Turn": ".turn",
        "Turns": ".turns",
        "read_saved": ".saved",
    },
)
