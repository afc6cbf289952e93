"""Quirks of hosts and generations of Gemini, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from ...schema.rules import LONE_REFERENCES, SchemaRules
from ...types.config.parameters import wire_names
from ..base import MediaSupport, Quirks
from ..common.tools import GEMINI_FIELDS

SEEN = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")
# Larger media are uploaded.
MOST_BYTES, MOST_UPLOADED = 20_000_000, 2_000_000_000


@dataclass(slots=True, eq=False, repr=False)
class GeminiQuirks(Quirks):
    """Quirks of a Gemini dialect. The defaults are Google AI and a model of the third generation or later."""

    names: ClassVar[Mapping[str, str | None]] = wire_names("gemini")
    results_by_name: ClassVar[bool] = True

    path: str = "/{model}:{method}"
    thinking: Literal["level", "budget", "none"] = "level"
    levels: Mapping[str, str] = field(
        default_factory=lambda: {"none": "minimal", "xhigh": "high", "max": "high"},
    )
    smallest_budget: int = 0
    """Minimum reasoning budget; 0 if reasoning can be turned off."""

    media_support: Mapping[str, MediaSupport] = field(
        default_factory=lambda: {
            "image": MediaSupport(SEEN, MOST_BYTES, by_id=True, most_uploaded=MOST_UPLOADED),
            "audio": MediaSupport((), MOST_BYTES, by_id=True, most_uploaded=MOST_UPLOADED),
            "video": MediaSupport((), MOST_BYTES, by_id=True, most_uploaded=MOST_UPLOADED),
            "file": MediaSupport(("application/pdf",), MOST_BYTES, by_id=True, most_uploaded=50_000_000),
        }
    )
    schema_rules: SchemaRules | None = LONE_REFERENCES
    tool_fields: frozenset[str] = GEMINI_FIELDS
    loose_rules: SchemaRules | None = LONE_REFERENCES
    tool_rules: SchemaRules = LONE_REFERENCES
    excludes_domains: bool = False
    """Whether web search supports blocked domains."""

    call_ids: bool = True
    """Whether calls and results may have ids."""

    counts_whole_request: bool = True
    """Whether token counting takes the whole request with its model, or only the contents."""

    fetches: bool = False
    """Whether every public URL is fetched, or only the provider's own files and YouTube."""
