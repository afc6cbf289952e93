"""Gemini image generation with the chat protocol."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...types.config.call import Call
from ..base import EncodedRequest
from .codec import Gemini
from .quirks import GeminiQuirks

MODALITIES = ["TEXT", "IMAGE"]


class GeminiImages(Gemini):
    """Returns text in addition to the images."""

    name = "gemini.images"

    def encode(self, call: Call, quirks: GeminiQuirks) -> EncodedRequest:
        options = call.config.options
        generation: dict[str, Any] = {"responseModalities": MODALITIES, **(options.get("generationConfig") or {})}
        wanted = {"options": {**options, "generationConfig": generation}}
        return super().encode(replace(call, config=call.config.model_copy(update=wanted)), quirks)


CODEC = GeminiImages()
