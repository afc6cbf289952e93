"""Quirks of Cohere dialects, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from ...schema.rules import SHAPES_ONLY, SchemaRules
from ...types.config.parameters import wire_names
from ..base import MediaSupport, Quirks
from ..common.media_support import PICTURES


@dataclass(slots=True, eq=False, repr=False)
class CohereQuirks(Quirks):
    """Quirks of a Cohere dialect. The defaults are Cohere's own API."""

    names: ClassVar[Mapping[str, str | None]] = wire_names("cohere")

    schema_rules: SchemaRules | None = SHAPES_ONLY
    loose_rules: SchemaRules | None = None
    media_support: Mapping[str, MediaSupport] = field(
        default_factory=lambda: {"image": MediaSupport(PICTURES, 20_000_000)}
    )
    structured_with_tools: bool = False

    path: str = "/v2/chat"
