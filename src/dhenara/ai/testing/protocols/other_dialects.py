"""Responses in the protocols of Gemini, Converse, Cohere and Ollama."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ...wire.eventstream import write_message
from ..answer import Answer, split_pieces

Wire = dict[str, Any]
STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
STATUS |= {429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}


class GeminiDialect:
    stream_type = "text/event-stream"

    def wants_stream(self, request: Any) -> bool:
        return "streamGenerateContent" in request.path

    def body(self, answer: Answer, request: Any) -> Any:
        parts = [*reasoning_parts([answer.reasoning]), *text_parts([answer.text]), *gemini_calls(answer)]
        return {
            **candidate(parts, answer.finish or "STOP"),
            **usage_metadata(answer),
            "usageMetadata": gemini_usage(answer),
        }

    def stream(self, answer: Answer, request: Any) -> list[bytes]:
        """Return the stream; only the last event has the finish reason, every event has the counts so far."""
        parts = [
            *reasoning_parts(split_pieces(answer.reasoning)),
            *text_parts(split_pieces(answer.text)),
            *gemini_calls(answer),
        ]
        events = [{**candidate([part], None), **usage_metadata(answer)} for part in parts]
        events.append(
            {**candidate([], answer.finish or "STOP"), **usage_metadata(answer), "usageMetadata": gemini_usage(answer)}
        )
        return [b"data: " + json.dumps(event, separators=(",", ":")).encode() + b"\r\n\r\n" for event in events]

    def error(self, status: int, message: str, kind: str | None, code: str | None) -> Any:
        return {"error": {"code": status, "message": message, "status": kind or STATUS.get(status, "UNKNOWN")}}


def usage_metadata(answer: Answer) -> Wire:
    return {"modelVersion": answer.model or "fake", "responseId": answer.id}


def candidate(parts: list[Wire], finish: str | None) -> Wire:
    text: Wire = {"content": {"parts": parts, "role": "model"}, "index": 0}
    return {"candidates": [{**text, "finishReason": finish} if finish else text]}


def reasoning_parts(options: list[str]) -> list[Wire]:
    return [{"text": text, "thought": True} for text in options if text]


def text_parts(options: list[str]) -> list[Wire]:
    return [{"text": text} for text in options if text]


def gemini_calls(answer: Answer) -> list[Wire]:
    """Return the tool call parts; the first one has a signature."""
    made: list[Wire] = [{"functionCall": {"id": c.id, "name": c.name, "args": c.arguments}} for c in answer.tool_calls]
    if made:
        made[0]["thoughtSignature"] = answer.signature or "c2lnbmVk"
    return made


def gemini_usage(answer: Answer) -> Wire:
    counted = answer.usage
    prompt, text = counted.prompt, counted.output - counted.reasoning
    return {
        "promptTokenCount": prompt,
        "candidatesTokenCount": text,
        "thoughtsTokenCount": counted.reasoning,
        "cachedContentTokenCount": counted.cache_read,
        "totalTokenCount": prompt + counted.output,
    }


class ConverseDialect:
    stream_type = "application/vnd.amazon.eventstream"

    def wants_stream(self, request: Any) -> bool:
        return bool(request.path.partition("?")[0].endswith("/converse-stream"))

    def body(self, answer: Answer, request: Any) -> Any:
        message = {"role": "assistant", "content": converse_blocks(answer)}
        return {"output": {"message": message}, "stopReason": converse_stop(answer), "usage": converse_usage(answer)}

    def stream(self, answer: Answer, request: Any) -> list[bytes]:
        events: list[tuple[str, Wire]] = [("messageStart", {"role": "assistant"})]
        for index, block in enumerate(converse_blocks(answer)):
            events += converse_block_events(index, block)
        events += [
            ("messageStop", {"stopReason": converse_stop(answer)}),
            ("metadata", {"usage": converse_usage(answer)}),
        ]
        return [converse_event(name, text) for name, text in events]

    def error(self, status: int, message: str, kind: str | None, code: str | None) -> Any:
        return {"message": message}


def converse_blocks(answer: Answer) -> list[Wire]:
    content: list[Wire] = []
    if answer.reasoning:
        thought = {"text": answer.reasoning, "signature": answer.signature or "c2lnbmVk"}
        content.append({"reasoningContent": {"reasoningText": thought}})
    if answer.text or not (answer.tool_calls or answer.reasoning):
        content.append({"text": answer.text})
    content += [{"toolUse": {"toolUseId": c.id, "name": c.name, "input": c.arguments}} for c in answer.tool_calls]
    return content


def converse_block_events(index: int, block: Wire) -> Iterator[tuple[str, Wire]]:
    """Yield the delta and stop events of one block; only tool calls have a start event."""
    at = {"contentBlockIndex": index}
    deltas: list[Wire]
    if "text" in block:
        deltas = [{"text": piece} for piece in split_pieces(block["text"])]
    elif "reasoningContent" in block:
        thought = block["reasoningContent"]["reasoningText"]
        deltas = [{"reasoningContent": {"text": piece}} for piece in split_pieces(thought["text"])]
        deltas.append({"reasoningContent": {"signature": thought["signature"]}})
    else:
        tool = block["toolUse"]
        named = {"toolUseId": tool["toolUseId"], "name": tool["name"]}
        yield "contentBlockStart", {**at, "start": {"toolUse": named}}
        deltas = [{"toolUse": {"input": piece}} for piece in split_pieces(json.dumps(tool["input"]))]
    for delta in deltas:
        yield "contentBlockDelta", {**at, "delta": delta}
    yield "contentBlockStop", at


def converse_stop(answer: Answer) -> str:
    return answer.finish or ("tool_use" if answer.tool_calls else "end_turn")


def converse_usage(answer: Answer) -> Wire:
    counted = answer.usage
    total = counted.prompt + counted.output
    return {
        "inputTokens": counted.input,
        "outputTokens": counted.output,
        "totalTokens": total,
        "cacheReadInputTokens": counted.cache_read,
        "cacheWriteInputTokens": counted.cache_write,
    }


def converse_event(name: str, text: Wire) -> bytes:
    headers = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    return write_message(headers, json.dumps(text).encode())


class CohereDialect:
    stream_type = "text/event-stream"

    def wants_stream(self, request: Any) -> bool:
        return bool(request.json.get("stream"))

    def body(self, answer: Answer, request: Any) -> Any:
        message: Wire = {"role": "assistant"}
        if cohere_content(answer):
            message["content"] = cohere_content(answer)
        if answer.tool_calls:
            message["tool_calls"] = cohere_calls(answer)
        return {
            "id": answer.id,
            "message": message,
            "finish_reason": cohere_finish(answer),
            "usage": cohere_usage(answer),
        }

    def stream(self, answer: Answer, request: Any) -> list[bytes]:
        events: list[Wire] = [{"type": "message-start", "id": answer.id, "delta": {"message": {"role": "assistant"}}}]
        for index, block in enumerate(cohere_content(answer)):
            events += cohere_block_events(index, block)
        for index, call in enumerate(cohere_calls(answer)):
            events += call_events(index, call)
        events.append(
            {"type": "message-end", "delta": {"finish_reason": cohere_finish(answer), "usage": cohere_usage(answer)}}
        )
        return [cohere_event(text) for text in events]

    def error(self, status: int, message: str, kind: str | None, code: str | None) -> Any:
        return {"message": message, "id": "req_fake", **({"error_type": kind} if kind else {})}


def cohere_content(answer: Answer) -> list[Wire]:
    parts: list[Wire] = []
    if answer.reasoning:
        parts.append({"type": "thinking", "thinking": answer.reasoning})
    if answer.text:
        parts.append({"type": "text", "text": answer.text})
    return parts


def cohere_calls(answer: Answer) -> list[Wire]:
    return [
        {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": json.dumps(c.arguments)}}
        for c in answer.tool_calls
    ]


def cohere_block_events(index: int, block: Wire) -> Iterator[Wire]:
    """Yield the start, delta and end events of one block."""
    name = block["type"]
    empty = {"type": name, name: ""}
    yield {"type": "content-start", "index": index, "delta": {"message": {"content": empty}}}
    for piece in split_pieces(block[name]):
        yield {"type": "content-delta", "index": index, "delta": {"message": {"content": {name: piece}}}}
    yield {"type": "content-end", "index": index}


def call_events(index: int, call: Wire) -> Iterator[Wire]:
    empty = {**call, "function": {**call["function"], "arguments": ""}}
    yield {"type": "tool-call-start", "index": index, "delta": {"message": {"tool_calls": empty}}}
    for piece in split_pieces(call["function"]["arguments"]):
        text = {"function": {"arguments": piece}}
        yield {"type": "tool-call-delta", "index": index, "delta": {"message": {"tool_calls": text}}}
    yield {"type": "tool-call-end", "index": index}


def cohere_end(answer: Answer) -> Wire:
    return {"finish_reason": cohere_finish(answer), "usage": cohere_usage(answer)}


def cohere_finish(answer: Answer) -> str:
    return answer.finish or ("TOOL_CALL" if answer.tool_calls else "COMPLETE")


def cohere_usage(answer: Answer) -> Wire:
    counted = answer.usage
    tokens = {"input_tokens": counted.prompt, "output_tokens": counted.output}
    if counted.reasoning:
        tokens["reasoning_tokens"] = counted.reasoning
    return {"tokens": tokens, "cached_tokens": counted.cache_read}


def cohere_event(text: Wire) -> bytes:
    return f"event: {text['type']}\ndata: {json.dumps(text, separators=(',', ':'))}\n\n".encode()


MADE = "2026-11-21T12:00:00.000000Z"


class OllamaDialect:
    stream_type = "application/x-ndjson"

    def wants_stream(self, request: Any) -> bool:
        return bool(request.json.get("stream", True))

    def body(self, answer: Answer, request: Any) -> Any:
        fields: Wire = {"content": answer.text}
        if answer.reasoning:
            fields["thinking"] = answer.reasoning
        if answer.tool_calls:
            fields["tool_calls"] = ollama_calls(answer)
        return {**line(fields, answer, request), **end(answer)}

    def stream(self, answer: Answer, request: Any) -> list[bytes]:
        """Return the stream; each tool call is on a line of its own."""
        fields: list[Wire] = [{"content": "", "thinking": piece} for piece in split_pieces(answer.reasoning)]
        fields += [{"content": piece} for piece in answer.pieces]
        fields += [{"content": "", "tool_calls": [call]} for call in ollama_calls(answer)]
        lines = [{**line(text, answer, request), "done": False} for text in fields]
        lines.append({**line({"content": ""}, answer, request), **end(answer)})
        return [json.dumps(text, separators=(",", ":")).encode() + b"\n" for text in lines]

    def error(self, status: int, message: str, kind: str | None, code: str | None) -> Any:
        return {"error": message}


def line(text: Wire, answer: Answer, request: Any) -> Wire:
    model = answer.model or request.get("model", "fake")
    return {"model": model, "created_at": MADE, "message": {"role": "assistant", **text}}


def ollama_calls(answer: Answer) -> list[Wire]:
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
        "prompt_eval_count": counted.prompt,
        "prompt_eval_duration": 400_000_000,
        "eval_count": counted.output,
        "eval_duration": 600_000_000,
    }
