"""The Bedrock Converse protocol."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ...wire.eventstream import write_message
from ..answer import Answer, split_pieces

Wire = dict[str, Any]


class ConverseDialect:
    stream_type = "application/vnd.amazon.eventstream"

    def wants_stream(self, request: Any) -> bool:
        return bool(request.path.partition("?")[0].endswith("/converse-stream"))

    def body(self, answer: Answer, request: Any) -> Any:
        message = {"role": "assistant", "content": blocks(answer)}
        return {"output": {"message": message}, "stopReason": stop(answer), "usage": usage(answer)}

    def stream(self, answer: Answer, request: Any) -> list[bytes]:
        events: list[tuple[str, Wire]] = [("messageStart", {"role": "assistant"})]
        for index, block in enumerate(blocks(answer)):
            events += block_events(index, block)
        events += [("messageStop", {"stopReason": stop(answer)}), ("metadata", {"usage": usage(answer)})]
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


def usage(answer: Answer) -> Wire:
    counted = answer.usage
    total = counted.input + counted.cache_read + counted.cache_write + counted.output
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
