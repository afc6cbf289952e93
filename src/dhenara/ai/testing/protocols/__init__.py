"""Protocols of the fake provider: their responses, streams and errors, and the requests they reject."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from ..answer import Dialect
from .anthropic import AnthropicDialect, InvokeDialect, PredictDialect
from .openai import ChatDialect, ResponsesDialect
from .other_dialects import CohereDialect, ConverseDialect, GeminiDialect, OllamaDialect
from .request_rules import (
    anthropic_violations,
    chat_violations,
    cohere_violations,
    converse_violations,
    gemini_violations,
    ollama_violations,
    responses_violations,
)

PROTOCOL_PATHS: list[tuple[re.Pattern[str], Dialect]] = [
    (re.compile(r"/chat/completions(\?|$)"), ChatDialect()),
    (re.compile(r"/messages(\?|$)"), AnthropicDialect()),
    (re.compile(r"/responses(/[^/?]+(/cancel)?)?(\?|$)"), ResponsesDialect()),
    (re.compile(r"/v2/chat(\?|$)"), CohereDialect()),
    (re.compile(r"/invoke(-with-response-stream)?(\?|$)"), InvokeDialect()),
    (re.compile(r":(rawPredict|streamRawPredict)(\?|$)"), PredictDialect()),
    (re.compile(r"/api/chat(\?|$)"), OllamaDialect()),
    (re.compile(r"/converse(-stream)?(\?|$)"), ConverseDialect()),
    (re.compile(r":(stream)?[gG]enerateContent(\?|$)"), GeminiDialect()),
]


def dialect_for(path: str) -> Dialect:
    """Return the protocol of a path; Chat Completions by default."""
    return next((dialect for pattern, dialect in PROTOCOL_PATHS if pattern.search(path)), PROTOCOL_PATHS[0][1])


Rules = Callable[[dict[str, Any]], Iterator[str]]
RULE_PATHS: list[tuple[re.Pattern[str], Rules]] = [
    (re.compile(r"/chat/completions(\?|$)"), chat_violations),
    (re.compile(r"/messages(\?|$)"), anthropic_violations),
    (re.compile(r"/responses(\?|$)"), responses_violations),
    (re.compile(r"/v2/chat(\?|$)"), cohere_violations),
    (re.compile(r"/api/chat(\?|$)"), ollama_violations),
    (re.compile(r"/converse(-stream)?$"), converse_violations),
    (re.compile(r":(stream)?[gG]enerateContent(\?|$)"), gemini_violations),
]


def block_violations(path: str, body: Any) -> str | None:
    """Return why the vendor would reject this body, or None."""
    for pattern, rules in RULE_PATHS:
        if pattern.search(path) and isinstance(body, dict):
            return next(rules(body), None)
    return None
