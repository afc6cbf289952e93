"""How Gemini's addresses name a model."""

from __future__ import annotations

from ..paths import quote_path, quote_segment

PREFIXED = ("models/", "tunedModels/", "publishers/", "projects/", "endpoints/")
SINGLE = ("models", "tunedModels")
"""Collections whose names have one segment more; those of others may have several."""


def full_name(model: str) -> str:
    """Some come with the name of their collection; all others are in `models`."""
    return model if model.startswith(PREFIXED) else f"models/{model}"


def model_path(model: str) -> str:
    """The full name, quoted for a path: the segments of a resource name each by themselves."""
    name = full_name(model)
    collection, _, rest = name.partition("/")
    return f"{collection}/{quote_segment(rest, '@') if collection in SINGLE else quote_path(rest, '@')}"
