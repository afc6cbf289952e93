"""Quirks of file APIs, as data. Imports little, because every provider file imports it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from ..dataclass import dataclass
from .base import Quirks


@dataclass(frozen=True, slots=True)
class FileQuirks(Quirks):
    """Quirks of a file API. `params` gives the request name of purpose; None if unsupported."""

    path: str = "/files"
    headers: Mapping[str, str] = field(default_factory=dict)
    usual_purpose: str | None = None
    expiry: Literal["seconds", "anchored", "hours", "none"] = "none"
    """How the expiry of a file is sent."""

    pages: Literal["after", "after_id", "number", "token"] = "after"
    """How the next page of a list is requested."""

    page_size: int = 100
    size_field: str = "limit"
    content: str = "/content"
    """Suffix of the file's path for its content."""
