"""Documents: what a document says about itself, for the protocols that take it."""

from __future__ import annotations

from typing import Any

from ..types.media import FileContent

OPTIONS = ("citations", "context")


def document_options(part: FileContent) -> dict[str, Any]:
    """`citations` and `context` of a document as Anthropic and Bedrock write them; its extras may have them too."""
    written = {name: part.extras[name] for name in OPTIONS if name in part.extras}
    if part.citations is not None:
        written["citations"] = {"enabled": part.citations}
    if part.context is not None:
        written["context"] = part.context
    return written
