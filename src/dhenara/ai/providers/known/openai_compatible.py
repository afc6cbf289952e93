"""Any server with a Chat Completions API."""

from __future__ import annotations

from ...codecs.openai_chat.quirks import ChatQuirks
from ...codecs.openai_responses.quirks import ResponsesQuirks
from ..lazy_operations import LazyRoutes
from ..provider import Provider, Route

PROVIDER = Provider(
    name="openai_compatible",
    base_url="{base_url}",
    routes=(
        Route(
            "openai_chat",
            ChatQuirks(
                params={"max_output_tokens": "max_tokens", "top_k": "top_k"}, terminal="finish", think_tags=True
            ),
        ),
        Route("openai_responses", ResponsesQuirks(summary=None, encrypted_reasoning=False)),
    ),
    operations=LazyRoutes("openai_compatible"),
    needs_key=False,
)
