"""Cache keys as version 1 made them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..value_types import Json


def stable_hash(data: Json) -> str:
    """Return a hash of JSON data that does not depend on the order of keys."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def normalize_prompt(prompt: str) -> str:
    """Return a prompt without spaces at its end."""
    return prompt.rstrip()
