"""How models behind Ollama are told things, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import ClassVar, Literal

from ...dataclass import dataclass
from ...types.structured import OutputMode
from ..base import Quirks

PARAMETERS: Mapping[str, str | None] = {
    "max_output_tokens": "num_predict",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "seed": "seed",
    "stop": "stop",
    "logprobs": "logprobs",
    "top_logprobs": "top_logprobs",
    "logit_bias": None,
    "n": None,
    "parallel_tool_calls": None,
    "user": None,
    "metadata": None,
    "service_tier": None,
}


@dataclass(frozen=True, slots=True)
class OllamaQuirks(Quirks):
    """The defaults are a model that thinks or does not, and cannot be told how much."""

    names: ClassVar[Mapping[str, str | None]] = PARAMETERS

    path: str = "/api/chat"
    structured: tuple[OutputMode, ...] = ("native", "prompt", "tool")
    hides_schema: bool = True
    thinking: Literal["switch", "levels"] = "switch"
    levels: Mapping[str, str] = field(
        default_factory=lambda: {"none": "low", "minimal": "low", "xhigh": "high", "max": "high"}
    )
    smallest_context: int = 8_192
    """Tokens of context that are asked for where a call needs no more. The server's own default cuts prompts."""

    largest_context: int = 131_072
    """More is only asked for by name, as `options={"num_ctx": ...}`: a context takes memory, used or not."""
