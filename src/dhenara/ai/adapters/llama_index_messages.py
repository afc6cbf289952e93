"""Messages of LlamaIndex: read as ours, and written from answers as blocks."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from llama_index.core.base.llms import types as t
from llama_index.core.llms.utils import parse_partial_json

from ..types.chat.message import Message
from ..types.chat.response import AIModelCallResponse
from ..types.content.parsing import read_parts
from ..types.content.parts import ContentItem
from ..wire import json
from ..wire.media_types import sniff
from . import PARTS, GrowingAnswer, call_facts, new_call, restore_parts, store_parts, with_chat_response

ANSWERS = ("assistant", "chatbot", "model")
"""Roles of answers."""


def to_response(response: AIModelCallResponse) -> t.ChatResponse:
    """Write a response, with what LlamaIndex has no place for in `additional_kwargs`."""
    answer = with_chat_response(response)
    contents = answer.chat_response.contents
    stored = store_parts(contents)
    calls = [(part.id, part.name, json.dumps(part.arguments).decode()) for part in contents if part.type == "tool_call"]
    message = t.ChatMessage(
        role=t.MessageRole.ASSISTANT,
        blocks=list(write_blocks(contents)),
        additional_kwargs={**named_calls(calls), **({PARTS: stored} if stored else {})},
    )
    usage = answer.usage
    counts = {name: getattr(usage, name) for name in ("prompt_tokens", "completion_tokens", "total_tokens")}
    known = {"dhenara": call_facts(answer), "finish_reason": answer.finish_reason, **(counts if usage.known else {})}
    return t.ChatResponse(message=message, raw=answer, additional_kwargs=known)


def write_blocks(contents: Sequence[ContentItem]) -> Iterator[Any]:
    """Write parts as blocks; the text is one block, because LlamaIndex joins several with line breaks."""
    for part in contents:
        if part.type == "reasoning":
            signed = {"signature": part.signature} if part.signature else {}
            yield t.ThinkingBlock(content=part.get_text(), additional_information=signed)
    texts = [part.text for part in contents if part.type in ("text", "structured_output", "refusal")]
    if texts:
        yield t.TextBlock(text="".join(texts))
    for part in contents:
        if part.type == "image" and part.data:
            yield t.ImageBlock(image=part.data, image_mimetype=part.mime_type)
        elif part.type == "tool_call":
            yield t.ToolCallBlock(tool_call_id=part.id or None, tool_name=part.name, tool_kwargs=part.arguments)


def to_completion(response: t.ChatResponse) -> t.CompletionResponse:
    return t.CompletionResponse(
        text=response.message.content or "",
        delta=response.delta,
        raw=response.raw,
        additional_kwargs=response.additional_kwargs,
    )


def read_partial(arguments: str) -> dict[str, Any]:
    """Read arguments that are still arriving, as far as they can be read."""
    try:
        read: Any = parse_partial_json(arguments) if arguments else {}
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def stream_responses(response: AIModelCallResponse) -> t.ChatResponseGen:
    answer = GrowingAnswer()
    with response.sync_stream_generator as stream:
        for event, _ in stream:
            yield from write_event(event, stream, answer)


async def stream_responses_async(response: AIModelCallResponse) -> t.ChatResponseAsyncGen:
    answer = GrowingAnswer()
    async with response.async_stream_generator as stream:
        async for event, _ in stream:
            for written in write_event(event, stream, answer):
                yield written


def write_event(event: Any, stream: Any, answer: GrowingAnswer) -> Iterator[t.ChatResponse]:
    """Write the answer as far as it has arrived, if an event of its stream adds something."""
    if event is None:
        yield to_response(stream.response).model_copy(update={"delta": ""})
    elif (new := answer.add(event, stream)) is not None:
        blocks: list[Any] = [t.ThinkingBlock(content=answer.reasoning)] if answer.reasoning else []
        blocks.append(t.TextBlock(text=answer.text))
        for called, name, arguments in answer.calls.values():
            read = read_partial(arguments)
            blocks.append(t.ToolCallBlock(tool_call_id=called or None, tool_name=name, tool_kwargs=read))
        named = named_calls(answer.calls.values())
        message = t.ChatMessage(role=t.MessageRole.ASSISTANT, blocks=blocks, additional_kwargs=named)
        yield t.ChatResponse(message=message, delta=new, raw=event.data)


def named_calls(calls: Iterable[tuple[str, str, str]]) -> dict[str, Any]:
    """Write id, name and arguments of tool calls where programs of LlamaIndex look for them beside the blocks."""
    functions = [(called, {"name": name, "arguments": arguments}) for called, name, arguments in calls]
    listed = [{"id": called, "type": "function", "function": function} for called, function in functions]
    return {"tool_calls": listed} if listed else {}


def read_message(message: t.ChatMessage) -> Any:
    """Read a message as one that `generate` takes."""
    if message.role.value in ANSWERS:
        return Message(role="assistant", contents=read_answer(message))
    parts = read_blocks(message.blocks)
    called = message.additional_kwargs.get("tool_call_id")
    if message.role.value not in ("tool", "function"):
        return {"role": message.role.value, "content": parts}
    plain = all(part["type"] == "text" for part in parts)
    result = {"type": "tool_result", "call_id": called or "", "name": message.additional_kwargs.get("name")}
    shown = {"output": message.content or ""} if plain else {"contents": parts}
    return {"role": "tool", "contents": [{**result, **shown}]}


def read_answer(message: t.ChatMessage) -> list[Any]:
    """Read an answer: its stored parts with what was changed since, or its blocks."""
    calls = [
        {"id": block.tool_call_id or "", "name": block.tool_name, "args": read_arguments(block.tool_kwargs)}
        for block in message.blocks
        if isinstance(block, t.ToolCallBlock)
    ]
    stored = message.additional_kwargs.get(PARTS)
    if stored is None:
        return [*read_parts(read_blocks(message.blocks)), *map(new_call, calls)]
    text = "".join(block.text for block in message.blocks if isinstance(block, t.TextBlock))
    images = [block.resolve_image().read() for block in message.blocks if isinstance(block, t.ImageBlock)]
    return restore_parts(stored, text, calls, [base64.b64encode(data).decode() for data in images])


def read_arguments(given: dict[str, Any] | str) -> dict[str, Any]:
    return dict(json.loads(given)) if isinstance(given, str) else given


def read_blocks(blocks: Sequence[Any]) -> list[dict[str, Any]]:
    """Read blocks of users and tools."""
    read: list[dict[str, Any]] = []
    for block in blocks:
        match block:
            case t.TextBlock():
                read.append({"type": "text", "text": block.text})
            case t.ImageBlock() | t.AudioBlock() | t.VideoBlock() | t.DocumentBlock():
                read.append(read_media(block))
            case t.CachePoint() if read:
                read[-1]["cache"] = "long" if block.cache_control.ttl == "1h" else "short"
            case t.CitableBlock():
                texts = [one.text for one in block.content if isinstance(one, t.TextBlock)]
                about = {"source": block.source, "title": block.title, "texts": texts, "citations": True}
                read.append({"type": "search_result", **about})
    return read


def read_media(block: Any) -> dict[str, Any]:
    kind = "file" if block.block_type == "document" else block.block_type
    about = {"detail": block.detail} if kind == "image" and block.detail else {}
    about |= {"name": block.title} if kind == "file" and block.title else {}
    if block.url and not getattr(block, "path", None):
        return {"type": kind, "url": str(block.url), **about}
    data = getattr(block, f"resolve_{block.block_type}")().read()
    media_type = getattr(block, f"{block.block_type}_mimetype", None) or sniff(data, about.get("name"))
    return {"type": kind, "data": data, "mime_type": media_type, **about}
