"""The protocol of each path."""

from __future__ import annotations

import re

from .anthropic import AnthropicDialect
from .cohere import CohereDialect
from .converse import ConverseDialect
from .dialect import Dialect
from .gemini import GeminiDialect
from .invoke import InvokeDialect, PredictDialect
from .ollama import OllamaDialect
from .openai_chat import ChatDialect
from .openai_responses import ResponsesDialect

PATHS: list[tuple[re.Pattern[str], Dialect]] = [
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
    return next((dialect for pattern, dialect in PATHS if pattern.search(path)), PATHS[0][1])
