"""Constants for the chat models of xai, each made when it is first named, and all of them as CHAT_MODELS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .....catalog.model_info import constants

if TYPE_CHECKING:
    from ....config.model import AIModel

    CHAT_MODELS: tuple[AIModel, ...]

    def __getattr__(name: str) -> AIModel: ...

else:
    __getattr__, __dir__ = constants("xai", "chat")
