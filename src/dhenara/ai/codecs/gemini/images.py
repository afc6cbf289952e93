"""Pictures from Gemini's image models: the chat protocol, asked for pictures."""

from __future__ import annotations

from typing import Any

from ...dataclass import replace
from ...types.call import Call
from ..base import EncodedRequest
from .codec import Gemini
from .quirks import GeminiQuirks

MODALITIES = ["TEXT", "IMAGE"]


class GeminiImages(Gemini):
    """What it says comes beside what it draws."""

    name = "gemini.images"

    def encode(self, call: Call, quirks: GeminiQuirks) -> EncodedRequest:
        options = call.config.options
        generation: dict[str, Any] = {"responseModalities": MODALITIES, **(options.get("generationConfig") or {})}
        wanted = {"options": {**options, "generationConfig": generation}}
        return super().encode(replace(call, config=call.config.model_copy(update=wanted)), quirks)


CODEC = GeminiImages()
