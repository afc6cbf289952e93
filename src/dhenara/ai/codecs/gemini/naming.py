"""How Gemini's addresses name a model."""

from __future__ import annotations

PREFIXED = ("models/", "tunedModels/", "publishers/", "projects/", "endpoints/")


def full_name(model: str) -> str:
    """Some come with the name of their collection; all others are in `models`."""
    return model if model.startswith(PREFIXED) else f"models/{model}"
