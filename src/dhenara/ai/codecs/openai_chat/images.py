"""Image generation with the chat protocol, as on OpenRouter."""

from __future__ import annotations

from dataclasses import replace

from ...types.config.call import Call
from ..base import EncodedRequest
from .codec import OpenAIChat
from .quirks import ChatQuirks

MODALITIES = ["image", "text"]


class ChatImages(OpenAIChat):
    """Returns text in addition to the images."""

    name = "openai_chat.images"

    def encode(self, call: Call, quirks: ChatQuirks) -> EncodedRequest:
        options = {"modalities": MODALITIES, **call.config.options}
        return super().encode(replace(call, config=call.config.model_copy(update={"options": options})), quirks)


CODEC = ChatImages()
