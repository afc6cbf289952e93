"""The Ollama chat protocol."""

from __future__ import annotations

import json
from typing import Any

from ..answer import Answer, split_pieces

Wire = dict[str, Any]
MADE = "2026-11-21T12:00:00.000000Z"


class OllamaDialect:
    stream_type = "application/x-ndjson"

    def wants_stream(self, request: Any) -> bool:
        return bool(request.json.get("stream", True))

    def body(self, answer: Answer, request: Any) -> Any:
        options: Wire = {"content": answer.text}
        if answer.reasoning:
            options["thinking"] = answer.reasoning
        if answer.tool_calls:
            options["tool_calls"] = calls(answer)
        return {**line(options, answer, request), **end(answer)}

    def stream(self, answer: Answer, request: Any) -> list[bytes]:
        """Return the stream; each tool call is on a line of its own."""
        data: list[Wire] = [{"content": "", "thinking": piece} for piece in split_pieces(answer.reasoning)]
        data += [{"content": piece} for piece in answer.pieces]
        data += [{"content": "", "tool_calls": [call]} for call in calls(answer)]
        lines = [{**line(text, answer, request), "done": False} for text in data]
        lines.append({**line({"content": ""}, answer, request), **end(answer)})
        return [json.dumps(text, separators=(",", ":")).encode() + b"\n" for text in lines]

    def error(self, status: int, message: str, kind: str | None, code: str | None) -> Any:
        return {"error": message}


def line(text: Wire, answer: Answer, request: Any) -> Wire:
    model = answer.model or request.get("model", "fake")
    return {"model": model, "created_at": MADE, "message": {"role": "assistant", **text}}


def calls(answer: Answer) -> list[Wire]:
    return [
        {"id": call.id, "function": {"index": index, "name": call.name, "arguments": call.arguments}}
        for index, call in enumerate(answer.tool_calls)
    ]


def end(answer: Answer) -> Wire:
    counted = answer.usage
    return {
        "done": True,
        "done_reason": answer.finish or "stop",
        "total_duration": 2_000_000_000,
        "load_duration": 1_000_000_000,
        "prompt_eval_count": counted.input + counted.cache_read,
        "prompt_eval_duration": 400_000_000,
        "eval_count": counted.output,
        "eval_duration": 600_000_000,
    }
