"""Pictures in Chat Completions, where a router passes such models on: the chat protocol, asked for pictures."""

from __future__ import annotations

from ...dataclass import replace
from ...types.call import Call
from ..base import EncodedRequest
from .codec import OpenAIChat
from .quirks import ChatQuirks

MODALITIES = ["image", "text"]


class ChatImages(OpenAIChat):
    """What it says comes beside what it draws."""

    name = "openai_chat.images"

    def encode(self, call: Call, quirks: ChatQuirks) -> EncodedRequest:
        options = {"modalities": MODALITIES, **call.config.options}
        return super().encode(replace(call, config=call.config.model_copy(update={"options": options})), quirks)


CODEC = ChatImages()
