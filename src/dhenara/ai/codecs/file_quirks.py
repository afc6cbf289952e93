"""How dialects of the files API differ, as data. Light: providers' files read this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from ..dataclass import dataclass
from .base import Quirks


@dataclass(frozen=True, slots=True)
class FileQuirks(Quirks):
    """`params` names purpose on the wire; without a name it does not exist there."""

    path: str = "/files"
    headers: Mapping[str, str] = field(default_factory=dict)
    usual_purpose: str | None = None
    expiry: Literal["seconds", "anchored", "hours", "none"] = "none"
    """How it is said when a file may be forgotten."""

    pages: Literal["after", "after_id", "number", "token"] = "after"
    """How the next page of a list is asked for."""

    page_size: int = 100
    size_field: str = "limit"
    content: str = "/content"
    """What follows the address of a file to get what is in it."""
