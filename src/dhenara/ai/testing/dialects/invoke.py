"""Anthropic Messages as clouds offer it: model and streaming are in the URL."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from ...wire.eventstream import write_message
from ..answer import Answer
from .anthropic import AnthropicDialect


class PredictDialect(AnthropicDialect):
    """Vertex: streams like Anthropic."""

    def wants_stream(self, request: Any) -> bool:
        return bool(request.path.partition("?")[0].endswith(":streamRawPredict"))


class InvokeDialect(AnthropicDialect):
    """Bedrock: each event is a base64 chunk in AWS's event stream."""

    stream_type = "application/vnd.amazon.eventstream"

    def wants_stream(self, request: Any) -> bool:
        return bool(request.path.partition("?")[0].endswith("/invoke-with-response-stream"))

    def stream(self, answer: Answer, request: Any) -> list[bytes]:
        return [chunk(text) for text in super().stream(answer, request)]

    def error(self, status: int, message: str, kind: str | None, code: str | None) -> Any:
        return {"message": message}


def chunk(event: bytes) -> bytes:
    headers = {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}
    payload = event.partition(b"data: ")[2].strip()
    return write_message(headers, json.dumps({"bytes": b64encode(payload).decode()}).encode())
