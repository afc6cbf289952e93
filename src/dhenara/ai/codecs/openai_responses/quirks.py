"""Quirks of Responses dialects, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from ...schema.rules import ALL_REQUIRED, SchemaRules
from ...types.config.parameters import wire_names
from ..base import MediaSupport, Quirks
from ..common.media_support import PICTURES
from ..common.tools import RESPONSES_FIELDS


@dataclass(slots=True, eq=False, repr=False)
class ResponsesQuirks(Quirks):
    """Quirks of a Responses dialect. The defaults are OpenAI's own."""

    names: ClassVar[Mapping[str, str | None]] = wire_names("openai_responses")

    path: str = "/responses"
    efforts: Mapping[str, str] = field(default_factory=dict)
    summary: str | None = "auto"
    """Reasoning summary to request."""

    encrypted_reasoning: bool = True
    """Whether encrypted reasoning is supported, which is sent back if nothing is stored."""

    media_support: Mapping[str, MediaSupport] = field(default_factory=lambda: {"image": MediaSupport(PICTURES)})
    cache_marks: bool = False
    """Whether cache markers are supported; without markers, prompts are cached automatically."""

    calls_last: bool = False
    """Whether calls must come after the text of an answer."""

    schema_rules: SchemaRules | None = ALL_REQUIRED
    tool_fields: frozenset[str] = RESPONSES_FIELDS
    blocked_domains: str | None = None
    """Field for blocked domains of a search; None if unsupported."""

    runs_custom_tools: bool = False
    """Whether the provider runs custom tools itself."""
