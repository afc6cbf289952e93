"""How hosts and generations of Claude differ, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import ClassVar, Literal

from ...dataclass import dataclass
from ...schema.rules import CLOSED, SchemaRules
from ..base import Quirks
from ..media_support import PICTURES, MediaSupport

# Five megabytes as they are sent, in base64. A picture may not be larger when it was uploaded.
LARGEST_PICTURE = 5 * 2**20 * 3 // 4
PARAMETERS: Mapping[str, str | None] = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop": "stop_sequences",
    "service_tier": "service_tier",
    "frequency_penalty": None,
    "presence_penalty": None,
    "logit_bias": None,
    "seed": None,
    "n": None,
    "logprobs": None,
    "top_logprobs": None,
}


@dataclass(frozen=True, slots=True)
class MessagesQuirks(Quirks):
    """The defaults are Anthropic's own API and a model that thinks within a budget."""

    names: ClassVar[Mapping[str, str | None]] = PARAMETERS

    path: str = "/v1/messages"
    """May name the `{model}`, and the `{method}` where there is one for each way of answering."""

    methods: tuple[str, str] = ("", "")
    """What a whole answer is asked for with, and what a streamed one."""

    stream_in_body: bool = True
    version: str = "2023-06-01"
    version_in_body: str | None = None
    """Clouds want the version in the body, and the model in the address instead of the body."""

    thinking: Literal["budget", "adaptive", "none"] = "budget"
    can_stop_thinking: bool = True
    binds_thinking: bool = False
    """Whether thinking is only taken back under the very conversation, system text and tools it was made under."""

    efforts: Mapping[str, str] = field(default_factory=lambda: {"minimal": "low", "none": "low"})
    smallest_budget: int = 1_024
    default_max_tokens: int = 8_192
    """The API insists on a limit; this one holds where neither the call nor the model names one."""

    media_support: Mapping[str, MediaSupport] = field(
        default_factory=lambda: {
            "image": MediaSupport(PICTURES, LARGEST_PICTURE),
            "file": MediaSupport(("application/pdf",), by_id=True, most_uploaded=500_000_000),
        }
    )
    schema_rules: SchemaRules | None = CLOSED
    loose_rules: SchemaRules | None = None
    web_search: str = "web_search_20250305"
    code_execution: str = "code_execution_20250825"
    betas: tuple[str, ...] = ()
    betas_in_body: bool = False
    automatic_cache: bool = True
    """Whether the host moves a mark to the end of each prompt by itself."""
