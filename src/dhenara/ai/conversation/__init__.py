"""Conversations: turns that grow, move between models, branch, and can be saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING:
    from .conversation import Conversation as Conversation
    from .turn import Turn as Turn

__getattr__, __dir__ = lazy(__name__, {"Conversation": ".conversation", "Turn": ".turn"})
