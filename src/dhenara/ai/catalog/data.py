"""The tables beside this file, each read when it is first needed."""

from __future__ import annotations

from functools import cache
from pkgutil import get_data
from typing import Any

from ..wire import json


@cache
def load(table: str) -> dict[str, Any]:
    """The table of this name."""
    content = get_data(__package__ or "", f"tables/{table}.json")
    match: dict[str, Any] = json.loads(content or b"{}")
    return match
