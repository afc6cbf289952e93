"""Citation options of documents."""

from __future__ import annotations

from typing import Any

from ..types.media import FileContent

OPTIONS = ("citations", "context")


def document_options(part: FileContent) -> dict[str, Any]:
    """Encode `citations` and `context` as Anthropic and Bedrock expect; `extras` may contain them too."""
    written = {name: part.extras[name] for name in OPTIONS if name in part.extras}
    if part.citations is not None:
        written["citations"] = {"enabled": part.citations}
    if part.context is not None:
        written["context"] = part.context
    return written
