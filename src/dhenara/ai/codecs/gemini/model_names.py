"""Model names in Gemini paths."""

from __future__ import annotations

from ..paths import quote_path, quote_segment

PREFIXED = ("models/", "tunedModels/", "publishers/", "projects/", "endpoints/")
SINGLE = ("models", "tunedModels")
"""Collections whose names have one more segment; those of others may have several."""


def full_name(model: str) -> str:
    """Return the name with its collection; the default is `models`."""
    return model if model.startswith(PREFIXED) else f"models/{model}"


def model_path(model: str) -> str:
    """Return the full name, quoted segment by segment for a path."""
    name = full_name(model)
    collection, _, rest = name.partition("/")
    return f"{collection}/{quote_segment(rest, '@') if collection in SINGLE else quote_path(rest, '@')}"
