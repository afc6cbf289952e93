"""How Vertex AI's addresses name a model: by its own name, or by a resource name that users copy from the console."""

from __future__ import annotations

from ..paths import quote_path, quote_segment

WHOLE = ("publishers/", "projects/", "endpoints/")
PREFIXES = ("models/", "google/")


def resource_path(model: str) -> str:
    """The path of a model of Google's, or of the resource that its name says.

    Args:
        model: A name such as `gemini-embedding-2`, `google/gemini-embedding-2` or
            `publishers/google/models/gemini-embedding-2`.

    Returns:
        The quoted path, without a slash at its beginning.
    """
    if model.startswith(WHOLE):
        return quote_path(model, "@")
    prefix = next((one for one in PREFIXES if model.startswith(one)), "")
    return f"publishers/google/models/{quote_segment(model.removeprefix(prefix), '@')}"
