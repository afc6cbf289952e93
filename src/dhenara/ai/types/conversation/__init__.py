"""Conversation nodes, as applications store them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_package import lazy_package

if TYPE_CHECKING:
    from ._node import ConversationNode as ConversationNode

__getattr__, __dir__ = lazy_package(__name__, {"ConversationNode": "._node"})
