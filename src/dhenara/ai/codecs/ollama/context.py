"""Context size: how many tokens a call needs, and whether the prompt was truncated to fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.call import Call
from .quirks import OllamaQuirks

Wire = dict[str, Any]
# Hardly any text has fewer bytes per token, so the estimate is rather too high.
FEWEST_BYTES = 3
# Hardly any text has this many characters per token.
MANY_CHARACTERS = 6
TOKENS_OF_A_PICTURE = 1_500
ROOM_TO_ANSWER = 2_048


def context_for(body: Wire, call: Call, quirks: OllamaQuirks) -> int:
    """Return the context size for the prompt and its answer, within the model's limit.

    The size grows by doubling, because the server reloads the model for every other size.
    """
    settings = call.endpoint.ai_model.settings
    limit = (settings and settings.max_context_window_tokens) or quirks.largest_context
    prompt = sum(len(text.encode("utf-8", "replace")) for text in iter_texts(body)) // FEWEST_BYTES
    needed = prompt + count_images(body) * TOKENS_OF_A_PICTURE + (call.config.max_output_tokens or ROOM_TO_ANSWER)
    size = quirks.smallest_context
    while size < needed:
        size *= 2
    return min(size, limit)


def iter_texts(body: Wire) -> Iterator[str]:
    """Return all text of the request."""
    for message in body["messages"]:
        yield message.get("content") or ""
        yield message.get("thinking") or ""
        yield str(message.get("tool_calls") or "")
    yield str(body.get("tools") or "")


def count_images(body: Wire) -> int:
    return sum(len(message.get("images") or ()) for message in body["messages"])


def is_prompt_truncated(body: Wire, prompt_tokens: int) -> bool:
    """Whether the prompt that was read is much shorter than the one that was sent.

    The server drops the oldest messages first, then the beginning of the last one, without any notice.
    """
    size = body.get("options", {}).get("num_ctx")
    if not isinstance(size, int) or not prompt_tokens:
        return False
    if prompt_tokens > size:
        # Ollama's cloud ignores the requested context size and uses that of the model.
        return False
    if prompt_tokens == size:
        return True
    sent = sum(map(len, iter_texts(body)))
    return sent > size * FEWEST_BYTES and sent > prompt_tokens * MANY_CHARACTERS
