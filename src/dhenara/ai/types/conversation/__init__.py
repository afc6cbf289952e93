"""Turns of a conversation as applications keep them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._lazy import lazy

if TYPE_CHECKING:
    from ._node import ConversationNode as ConversationNode

__getattr__, __dir__ = lazy(__name__, {"ConversationNode": "._node"})
