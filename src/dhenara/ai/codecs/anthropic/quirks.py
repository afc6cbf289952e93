"""Quirks of hosts and generations of Claude, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from ...schema.rules import CLOSED, SchemaRules
from ...types.config.parameters import wire_names
from ..base import MediaSupport, Quirks
from ..common.media_support import PICTURES
from ..common.tools import CLAUDE_FIELDS

# Five megabytes in base64, also for uploaded images.
LARGEST_PICTURE = 5 * 2**20 * 3 // 4


@dataclass(slots=True, eq=False, repr=False)
class MessagesQuirks(Quirks):
    """Quirks of a Messages dialect. The defaults are Anthropic's own API and a model with a reasoning budget."""

    names: ClassVar[Mapping[str, str | None]] = wire_names("anthropic")

    path: str = "/v1/messages"
    """Request path. May contain `{model}`, and `{method}` if it differs for streaming."""

    methods: tuple[str, str] = ("", "")
    """Methods for a complete and for a streamed response."""

    stream_in_body: bool = True
    version: str = "2023-06-01"
    version_in_body: str | None = None
    """API version in the body, for cloud platforms; the model is then in the path."""

    thinking: Literal["budget", "adaptive", "none"] = "budget"
    can_stop_thinking: bool = True
    binds_thinking: bool = False
    """Whether reasoning is accepted only with exactly the same conversation, instructions and tools before it."""

    efforts: Mapping[str, str] = field(default_factory=lambda: {"minimal": "low", "none": "low"})
    smallest_budget: int = 1_024
    default_max_tokens: int = 8_192
    """The API requires a limit; this one is used if neither the call nor the model sets one."""

    media_support: Mapping[str, MediaSupport] = field(
        default_factory=lambda: {
            "image": MediaSupport(PICTURES, LARGEST_PICTURE),
            "file": MediaSupport(("application/pdf",), by_id=True, most_uploaded=500_000_000),
        }
    )
    schema_rules: SchemaRules | None = CLOSED
    tool_fields: frozenset[str] = CLAUDE_FIELDS
    loose_rules: SchemaRules | None = None
    web_search: str = "web_search_20250305"
    code_execution: str = "code_execution_20250825"
    betas: tuple[str, ...] = ()
    betas_in_body: bool = False
    automatic_cache: bool = True
    """Whether the provider can place a cache marker at the end of each prompt itself."""
