"""The rules of each path."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from . import anthropic, cohere, converse, gemini, ollama, openai_chat, openai_responses

Rules = Callable[[dict[str, Any]], Iterator[str]]
PATHS: list[tuple[re.Pattern[str], Rules]] = [
    (re.compile(r"/chat/completions(\?|$)"), openai_chat.violations),
    (re.compile(r"/messages(\?|$)"), anthropic.violations),
    (re.compile(r"/responses(\?|$)"), openai_responses.violations),
    (re.compile(r"/v2/chat(\?|$)"), cohere.violations),
    (re.compile(r"/api/chat(\?|$)"), ollama.violations),
    (re.compile(r"/converse(-stream)?$"), converse.violations),
    (re.compile(r":(stream)?[gG]enerateContent(\?|$)"), gemini.violations),
]


def block_violations(path: str, body: Any) -> str | None:
    """Return why the vendor would reject this body, or None."""
    for pattern, rules in PATHS:
        if pattern.search(path) and isinstance(body, dict):
            return next(rules(body), None)
    return None
