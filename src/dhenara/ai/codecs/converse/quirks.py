"""How families of models behind Converse differ, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import ClassVar, Literal

from ...dataclass import dataclass
from ...schema.rules import CLOSED, SchemaRules
from ..base import Quirks
from ..media_support import PICTURES, MediaSupport
from .documents import DOCUMENTS

PARAMETERS: Mapping[str, str | None] = {
    "max_output_tokens": "maxTokens",
    "temperature": "temperature",
    "top_p": "topP",
    "stop": "stopSequences",
    "top_k": None,
    "frequency_penalty": None,
    "presence_penalty": None,
    "logit_bias": None,
    "seed": None,
    "n": None,
    "logprobs": None,
    "top_logprobs": None,
    "parallel_tool_calls": None,
    "user": None,
}


@dataclass(frozen=True, slots=True)
class ConverseQuirks(Quirks):
    """The defaults are a family without ways of its own."""

    names: ClassVar[Mapping[str, str | None]] = PARAMETERS

    reasoning: Literal["budget", "adaptive", "config", "effort", "none"] = "none"
    """`budget` and `adaptive` as Claude thinks, `config` as Nova does, `effort` as open models do."""

    efforts: Mapping[str, str] = field(default_factory=dict)

    binds_thinking: bool = False
    """Whether thinking is only taken back under the very conversation, system text and tools it was made under."""

    schema_rules: SchemaRules | None = CLOSED
    loose_rules: SchemaRules | None = None
    media_support: Mapping[str, MediaSupport] = field(
        default_factory=lambda: {
            "image": MediaSupport(PICTURES, 3_750_000),
            "file": MediaSupport(tuple(DOCUMENTS), 4_500_000),
        }
    )
    system_tools: Mapping[str, str] = field(default_factory=dict)
    """Tools that the family runs itself: our kinds, its names."""
