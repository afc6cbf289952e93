"""Quirks of models behind Ollama, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from ...types.chat.structured import OutputMode
from ...types.config.parameters import wire_names
from ..base import Quirks


@dataclass(slots=True, eq=False, repr=False)
class OllamaQuirks(Quirks):
    """Quirks of a model. The defaults are a model whose reasoning can only be on or off."""

    names: ClassVar[Mapping[str, str | None]] = wire_names("ollama")
    results_by_name: ClassVar[bool] = True

    path: str = "/api/chat"
    structured: tuple[OutputMode, ...] = ("native", "prompt", "tool")
    hides_schema: bool = True
    thinking: Literal["switch", "levels"] = "switch"
    levels: Mapping[str, str] = field(
        default_factory=lambda: {"none": "low", "minimal": "low", "xhigh": "high", "max": "high"}
    )
    smallest_context: int = 8_192
    """Minimum context size to request, in tokens. The server's own default truncates prompts."""

    largest_context: int = 131_072
    """Maximum context size unless set with `options={"num_ctx": ...}`: context uses memory, whether filled or not."""
