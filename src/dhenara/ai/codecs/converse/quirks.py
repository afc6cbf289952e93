"""What differs between the models behind Converse, and the document formats that it accepts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from ...schema.rules import CLOSED, SchemaRules
from ...types.config.parameters import wire_names
from ..base import MediaSupport, Quirks
from ..common.media_support import PICTURES

OFFICE = "application/vnd.openxmlformats-officedocument."
DOCUMENTS = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "text/html": "html",
    "text/plain": "txt",
    "text/markdown": "md",
    "application/msword": "doc",
    f"{OFFICE}wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    f"{OFFICE}spreadsheetml.sheet": "xlsx",
}


@dataclass(slots=True, eq=False, repr=False)
class ConverseQuirks(Quirks):
    """Quirks of a model family. The defaults are a family without special features."""

    names: ClassVar[Mapping[str, str | None]] = wire_names("converse")

    reasoning: Literal["budget", "adaptive", "config", "effort", "none"] = "none"
    """How reasoning is set: `budget` and `adaptive` for Claude, `config` for Nova, `effort` for open models."""

    efforts: Mapping[str, str] = field(default_factory=dict)

    binds_thinking: bool = False
    """Whether reasoning is accepted only with exactly the same conversation, instructions and tools before it."""

    schema_rules: SchemaRules | None = CLOSED
    tool_fields: frozenset[str] = frozenset({"cache_control"})
    loose_rules: SchemaRules | None = None
    media_support: Mapping[str, MediaSupport] = field(
        default_factory=lambda: {
            "image": MediaSupport(PICTURES, 3_750_000),
            "file": MediaSupport(tuple(DOCUMENTS), 4_500_000),
        }
    )
    system_tools: Mapping[str, str] = field(default_factory=dict)
    """System tools of the family: our kinds, its names."""
