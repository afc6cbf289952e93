"""How hosts of Responses differ, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import ClassVar

from ...dataclass import dataclass
from ...schema.rules import ALL_REQUIRED, SchemaRules
from ..base import Quirks
from ..media_support import PICTURES, MediaSupport

PARAMETERS: Mapping[str, str | None] = {
    "max_output_tokens": "max_output_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_logprobs": "top_logprobs",
    "parallel_tool_calls": "parallel_tool_calls",
    "metadata": "metadata",
    "user": "user",
    "service_tier": "service_tier",
    "top_k": None,
    "frequency_penalty": None,
    "presence_penalty": None,
    "logit_bias": None,
    "seed": None,
    "stop": None,
    "n": None,
}


@dataclass(frozen=True, slots=True)
class ResponsesQuirks(Quirks):
    """The defaults are OpenAI's own host."""

    names: ClassVar[Mapping[str, str | None]] = PARAMETERS

    path: str = "/responses"
    efforts: Mapping[str, str] = field(default_factory=dict)
    summary: str | None = "auto"
    """Which summary of its thinking a model is asked for."""

    encrypted_reasoning: bool = True
    """Whether thinking can be had as a sealed block, to be sent back where nothing is stored."""

    media_support: Mapping[str, MediaSupport] = field(default_factory=lambda: {"image": MediaSupport(PICTURES)})
    cache_marks: bool = False
    """Whether the prompt cache can be marked; without marks, prompts are cached by themselves."""

    calls_last: bool = False
    """Whether the calls of an answer must stand after its words, wherever they were made."""

    schema_rules: SchemaRules | None = ALL_REQUIRED
    blocked_domains: str | None = None
    """What the domains are called that a search leaves out; None where none can be."""

    runs_custom_tools: bool = False
    """Whether calls of custom tools are the provider's own doing."""
