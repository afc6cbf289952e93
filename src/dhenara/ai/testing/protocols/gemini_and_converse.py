"""Responses in the protocols of Gemini and Converse, and what is wrong with a request to them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ...wire.eventstream import write_message
from ..answer import Answer, pairing_violations, split_pieces

Wire = dict[str, Any]
STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
STATUS |= {429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}


class GeminiDialect:
    stream_type = "text/event-stream"

    def wants_stream(self, request: Any) -> bool:
        return "streamGenerateContent" in request.path

    def body(self, answer: Answer, request: Any) -> Any:
        parts = [*reasoning_parts([answer.reasoning]), *text_parts([answer.text]), *calls(answer)]
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
            *calls(answer),
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


def calls(answer: Answer) -> list[Wire]:
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


KINDS = (
    *("text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult"),
    *("toolCall", "toolResponse"),
)


def gemini_violations(body: Wire) -> Iterator[str]:
    turns: list[Wire] = body.get("contents") or []
    if not turns:
        yield "contents: contents is not specified"
    if turns and turns[0].get("role") != "user":
        yield "Please ensure that multiturn requests begin with a user role."
    made: list[str] = []
    before = ""
    for number, turn in enumerate(turns):
        at = f"contents[{number}]"
        role = turn.get("role")
        if role not in ("user", "model"):
            yield f"{at}: Please use a valid role: user, model."
        if role == before:
            yield f"{at}: Please ensure that multiturn requests alternate between user and model."
        before = role or ""
        yield from gemini_item_violations(turn, at)
        results = [p["functionResponse"].get("name") for p in turn.get("parts") or () if "functionResponse" in p]
        if sorted(map(str, made)) != sorted(map(str, results)):
            yield (
                f"{at}: Please ensure that the number of function response parts is equal to the number of "
                "function call parts of the function call turn."
            )
        made = [p["functionCall"].get("name") for p in turn.get("parts") or () if "functionCall" in p]


def gemini_item_violations(turn: Wire, at: str) -> Iterator[str]:
    parts = turn.get("parts") or []
    if not parts:
        yield f"{at}.parts: must not be empty."
    for number, part in enumerate(parts):
        if sum(kind in part for kind in KINDS) != 1:
            yield f"{at}.parts[{number}].data: required oneof field 'data' must have one initialized field"
        if part.get("text") == "" and "thoughtSignature" not in part:
            yield f"{at}.parts[{number}].text: must not be empty."
    calls = [part for part in parts if "functionCall" in part]
    if calls and "thoughtSignature" not in calls[0]:
        yield f"Function call is missing a thought_signature in functionCall parts: {calls[0]['functionCall']['name']}"


class ConverseDialect:
    stream_type = "application/vnd.amazon.eventstream"

    def wants_stream(self, request: Any) -> bool:
        return bool(request.path.partition("?")[0].endswith("/converse-stream"))

    def body(self, answer: Answer, request: Any) -> Any:
        message = {"role": "assistant", "content": blocks(answer)}
        return {"output": {"message": message}, "stopReason": stop(answer), "usage": converse_usage(answer)}

    def stream(self, answer: Answer, request: Any) -> list[bytes]:
        events: list[tuple[str, Wire]] = [("messageStart", {"role": "assistant"})]
        for index, block in enumerate(blocks(answer)):
            events += block_events(index, block)
        events += [("messageStop", {"stopReason": stop(answer)}), ("metadata", {"usage": converse_usage(answer)})]
        return [event(name, text) for name, text in events]

    def error(self, status: int, message: str, kind: str | None, code: str | None) -> Any:
        return {"message": message}


def blocks(answer: Answer) -> list[Wire]:
    content: list[Wire] = []
    if answer.reasoning:
        thought = {"text": answer.reasoning, "signature": answer.signature or "c2lnbmVk"}
        content.append({"reasoningContent": {"reasoningText": thought}})
    if answer.text or not (answer.tool_calls or answer.reasoning):
        content.append({"text": answer.text})
    content += [{"toolUse": {"toolUseId": c.id, "name": c.name, "input": c.arguments}} for c in answer.tool_calls]
    return content


def block_events(index: int, block: Wire) -> Iterator[tuple[str, Wire]]:
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


def stop(answer: Answer) -> str:
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


def event(name: str, text: Wire) -> bytes:
    headers = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    return write_message(headers, json.dumps(text).encode())


WORD64 = re.compile(r"[A-Za-z0-9_-]{1,64}")
SAFE = re.compile(r"[A-Za-z0-9\-()\[\]]+( [A-Za-z0-9\-()\[\]]+)*")


def converse_violations(body: Wire) -> Iterator[str]:
    turns: list[Wire] = body.get("messages") or []
    if not turns or turns[0].get("role") != "user":
        yield "A conversation must start with a user message. Try again with a conversation that starts with one."
    made: list[str] = []
    before = ""
    for number, turn in enumerate(turns):
        at = f"messages.{number}"
        if turn.get("role") == before:
            yield f"{at}: A conversation must alternate between user and assistant roles."
        before = turn.get("role") or ""
        blocks: list[Wire] = turn.get("content") or []
        if not blocks:
            yield f"{at}: The content field in the Message object is empty."
        yield from (f"{at}: {text}" for text in converse_item_violations(blocks))
        results = [
            block["toolResult"]["toolUseId"] for block in blocks if "toolResult" in block and not is_own_block(block)
        ]
        yield from pairing_violations(made, results, over=False)
        made = [block["toolUse"]["toolUseId"] for block in blocks if "toolUse" in block and not is_own_block(block)]
    blocks = [b for turn in turns for b in turn.get("content") or () if not is_own_block(b)]
    tools = any("toolUse" in block or "toolResult" in block for block in blocks)
    if tools and not (body.get("toolConfig") or {}).get("tools"):
        yield "The toolConfig field must be defined when using toolUse and toolResult content blocks."


def is_own_block(block: Wire) -> bool:
    """Return whether the block belongs to a provider-run tool."""
    return "type" in (block.get("toolUse") or block.get("toolResult") or {})


def converse_item_violations(blocks: list[Wire]) -> Iterator[str]:
    for block in blocks:
        if "text" in block and not block["text"].strip():
            yield "The text field in the ContentBlock object is blank."
        if "toolUse" in block and not WORD64.fullmatch(block["toolUse"].get("toolUseId") or ""):
            yield "toolUseId must match [a-zA-Z0-9_-]{1,64}"
    documents = [block["document"] for block in blocks if "document" in block]
    if documents and not any("text" in block for block in blocks):
        yield "A document must be accompanied by a text block."
    if len({document["name"] for document in documents}) < len(documents):
        yield "Two documents have the same name."
    for document in documents:
        if not SAFE.fullmatch(document["name"]):
            yield "The document file name can only contain letters, digits, hyphens, brackets and single spaces."
