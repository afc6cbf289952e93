"""Messages of LangChain: read as ours, and written from answers, in standard content blocks."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ChatMessage, ToolMessage
from langchain_core.messages.ai import UsageMetadata

from ..catalog.model_info import find_facts
from ..errors import BrokenStreamError, ConfigurationError
from ..types.chat.chunk import ChatContentDelta
from ..types.chat.message import Message
from ..types.chat.response import AIModelCallResponse, ChatResponseChoice
from ..types.chat.usage import Usage
from ..types.content.media import Citation, FileContent, Media, joined_text
from ..types.content.parsing import read_parts
from ..types.content.parts import ContentItem, ToolCallContent
from . import PARTS, call_facts, new_call, restore_parts, store_parts

MEDIA = ("image", "audio", "video", "file", "text-plain")
ROLES = {"system": "system", "human": "user", "developer": "system"}
CALLS = frozenset(
    {"tool_call", "tool_use", "function_call", "invalid_tool_call", "tool_call_chunk", "input_json_delta"}
)
"""Types of blocks that repeat the tool calls of a message."""


def to_messages(messages: Sequence[BaseMessage]) -> list[Any]:
    """Return messages that `AIModelClient.generate` takes."""
    return [read_message(message) for message in messages]


def read_message(message: BaseMessage) -> Any:
    if isinstance(message, AIMessage):
        return Message(role="assistant", contents=read_answer(message), name=message.name)
    if isinstance(message, ToolMessage):
        return read_result(message)
    role = message.role if isinstance(message, ChatMessage) else ROLES.get(message.type)
    if role is None:
        raise ConfigurationError(f"a {type(message).__name__} cannot be sent to a model. Use HumanMessage or AIMessage")
    content = message.content if isinstance(message.content, str) else read_blocks(message.content)
    return {"role": role, "content": content, **({"name": message.name} if message.name else {})}


def read_result(message: ToolMessage) -> Message:
    result: dict[str, Any] = {"type": "tool_result", "call_id": message.tool_call_id, "name": message.name}
    if isinstance(message.content, str):
        result["output"] = message.content
    else:
        result["contents"] = read_parts(read_blocks(message.content))
    return Message(role="tool", contents=[{**result, "is_error": message.status == "error"}])


def read_blocks(blocks: Sequence[str | Mapping[Any, Any]]) -> list[Any]:
    """Read content blocks: the standard ones of LangChain, and those in the format of a vendor."""
    return [part for block in blocks if (part := read_block(block)) is not None]


def read_block(block: str | Mapping[Any, Any]) -> Any:
    if isinstance(block, str):
        return {"type": "text", "text": block}
    kind, extras = block.get("type"), block.get("extras") or {}
    mark = block.get("cache_control") or extras.get("cache_control")
    marked = {"cache_control": mark} if mark else {}
    match kind:
        case "text":
            return {"type": "text", "text": block.get("text") or "", **marked}
        case "reasoning":
            return read_reasoning(block.get("reasoning") or "", extras.get("signature"))
        case "server_tool_call":
            call = {"id": block.get("id"), "name": block.get("name"), "arguments": block.get("args") or {}}
            return {"type": "server_tool", **call}
        case "server_tool_result":
            return {"type": "server_tool", "id": block.get("tool_call_id"), "data": {"output": block.get("output")}}
        case "non_standard":
            return block.get("value")
        case _ if kind in CALLS:
            return None
        case _ if kind in MEDIA and not block.get("source") and not block.get("file"):
            return {**read_media(block), **marked}
    return dict(block)


def read_reasoning(text: str, signature: object) -> dict[str, Any]:
    """Reasoning that another integration wrote: signed as Claude's, or plain."""
    signed = {"type": "thinking", "thinking": text, "signature": signature}
    return signed if signature else {"type": "reasoning", "text": text}


def read_media(block: Mapping[Any, Any]) -> dict[str, Any]:
    extras = block.get("extras") or {}
    names = (block.get(key) or extras.get(key) for key in ("filename", "name", "title"))
    kind = "file" if block["type"] == "text-plain" else block["type"]
    part: dict[str, Any] = {"type": kind, "name": next(filter(None, names), None)}
    part |= {key: block[key] for key in ("mime_type", "url", "file_id") if block.get(key)}
    part |= {key: extras[key] for key in ("detail", "citations", "transcript") if key in extras}
    if kind == "file" and block.get("context"):
        part["context"] = block["context"]
    if block.get("base64"):
        part["data"] = base64.b64decode(block["base64"])
    elif "text" in block:
        part |= {"data": str(block["text"]).encode(), "mime_type": block.get("mime_type") or "text/plain"}
    return part


def read_answer(message: AIMessage) -> list[Any]:
    """Return the parts of an answer: those that came with it, with the changes that were made to it since."""
    blocks = [message.content] if isinstance(message.content, str) else message.content
    stored = message.additional_kwargs.get(PARTS)
    if stored is None:
        parts = read_parts(read_blocks([block for block in blocks if block]))
        return [*parts, *(new_call(call) for call in message.tool_calls)]
    calls = (*message.tool_calls, *message.invalid_tool_calls)
    data = [block["base64"] for block in blocks if isinstance(block, Mapping) and block.get("base64")]
    return restore_parts(stored, str(message.text), cast("Any", calls), data)


def to_blocks(parts: Sequence[ContentItem]) -> list[dict[str, Any]]:
    """Write parts as standard content blocks."""
    return [block for part in parts for block in to_block(part)]


def to_block(part: ContentItem) -> Iterator[dict[str, Any]]:
    match part.type:
        case "text" | "structured_output":
            notes = {"annotations": [to_citation(one) for one in part.citations]} if part.citations else {}
            yield {"type": "text", "text": part.text, **notes}
        case "reasoning":
            signed = {"extras": {"signature": part.signature}} if part.signature else {}
            yield {"type": "reasoning", "reasoning": part.get_text(), **signed}
        case "tool_call":
            yield {"type": "invalid_tool_call" if part.error else "tool_call", **to_call(part)}
        case "server_tool":
            called = part.id or ""
            yield {"type": "server_tool_call", "id": called, "name": part.name, "args": part.arguments}
            if part.data:
                result = {"tool_call_id": called, "status": "success", "output": part.data}
                yield {"type": "server_tool_result", **result}
        case "image" | "audio" | "video" | "file":
            yield to_media(part)
        case "generic":
            yield {"type": "non_standard", "value": part.data}
        case _:
            yield {"type": "non_standard", "value": part.model_dump(mode="json", exclude_defaults=True)}


def to_call(part: ToolCallContent) -> dict[str, Any]:
    call: dict[str, Any] = {"name": part.name, "id": part.id or None}
    if part.error is None:
        return {**call, "args": part.arguments}
    return {**call, "args": part.arguments_text or "", "error": part.error}


def to_media(part: Media) -> dict[str, Any]:
    block: dict[str, Any] = {"type": part.KIND.rstrip("/") or "file", "mime_type": part.mime_type}
    block |= {"url": part.url, "file_id": part.file_id}
    block["base64"] = base64.b64encode(part.data).decode() if part.data else None
    if isinstance(part, FileContent) and part.name:
        block["extras"] = {"filename": part.name}
    return {name: value for name, value in block.items() if value is not None}


def to_citation(citation: Citation) -> dict[str, Any]:
    fields: dict[str, Any] = {"url": citation.url, "title": citation.title, "cited_text": citation.cited_text}
    fields |= {"start_index": citation.start, "end_index": citation.end, "extras": citation.extras or None}
    return {"type": "citation", **{name: value for name, value in fields.items() if value is not None}}


def to_usage(usage: Usage) -> UsageMetadata | None:
    if not usage.known:
        return None
    written = usage.cache_write_tokens + usage.cache_write_1h_tokens
    into = {"cache_read": usage.cache_read_tokens, "cache_creation": written, "audio": usage.input_audio_tokens}
    out = {"reasoning": usage.reasoning_tokens, "audio": usage.output_audio_tokens}
    return cast(
        "UsageMetadata",
        {
            "input_tokens": usage.prompt_tokens,
            "output_tokens": usage.completion_tokens,
            "total_tokens": usage.total_tokens,
            "input_token_details": {name: count for name, count in into.items() if count or name != "audio"},
            "output_token_details": {name: count for name, count in out.items() if count or name != "audio"},
        },
    )


def to_metadata(response: AIModelCallResponse, choice: ChatResponseChoice) -> dict[str, Any]:
    """What LangChain shows of a response, and what only ours have, under `dhenara`."""
    answer = response.chat_response
    facts: dict[str, Any] = {"model_name": answer.model, "provider": answer.provider, "id": answer.id}
    facts |= {"finish_reason": choice.finish_reason, "logprobs": choice.logprobs, "dhenara": call_facts(response)}
    return {"model_provider": "dhenara", **{name: value for name, value in facts.items() if value is not None}}


def to_additional(parts: Sequence[ContentItem], *, reasoning: bool) -> dict[str, Any]:
    """The parts for the way back, if they are more than text; the reasoning and the refusal as texts."""
    texts = {"reasoning_content": "".join(part.get_text() for part in parts if part.type == "reasoning" and reasoning)}
    texts["refusal"] = "".join(part.text for part in parts if part.type == "refusal" and reasoning)
    additional: dict[str, Any] = {name: text for name, text in texts.items() if text}
    stored = store_parts(parts)
    return {**additional, PARTS: stored} if stored else additional


PLAIN = frozenset({"text", "structured_output", "reasoning", "tool_call", "refusal"})
"""Types of parts that a message with a text as content has in its text or in other fields."""


def to_content(parts: Sequence[ContentItem], version: str | None) -> str | list[Any]:
    """The content of a message: standard blocks in version 1, or if there is more than text; otherwise the text."""
    if version == "v1":
        return to_blocks(parts)
    if any(part.type not in PLAIN or getattr(part, "citations", None) for part in parts):
        return to_blocks([part for part in parts if part.type != "tool_call"])
    return joined_text(parts)


def to_ai_message(response: AIModelCallResponse, choice: ChatResponseChoice, version: str | None) -> AIMessage:
    """Write one choice of a response as a message."""
    calls = [part for part in choice.contents if part.type == "tool_call"]
    marked = {"output_version": "v1"} if version == "v1" else {}
    first = choice is response.chat_response.choices[0]
    return AIMessage(
        content=to_content(choice.contents, version),
        tool_calls=[cast("Any", to_call(part)) for part in calls if part.error is None],
        invalid_tool_calls=[cast("Any", to_call(part)) for part in calls if part.error is not None],
        usage_metadata=to_usage(response.usage) if first else None,
        response_metadata={**to_metadata(response, choice), **marked},
        additional_kwargs=to_additional(choice.contents, reasoning=version != "v1"),
        id=response.chat_response.id,
    )


def write_event(event: Any, stream: Any, version: str | None) -> AIMessageChunk | None:
    """Write an event of a stream; None if nothing of it is written as it arrives.

    Raises:
        CallError: If the stream broke.
    """
    if event is None:
        return final_chunk(stream.response, version)
    if event.is_error():
        raise stream.error or BrokenStreamError(event.data.message)
    made = [
        to_chunk(delta) for choice in event.data.choice_deltas if not choice.index for delta in choice.content_deltas
    ]
    blocks = [block for block in made if block is not None]
    if not blocks:
        return None
    calls = [block for block in blocks if block["type"] == "tool_call_chunk"]
    refusals = [block["value"]["refusal"] for block in blocks if block["type"] == "non_standard"]
    texts = {"refusal": "".join(refusals)}
    if version != "v1":
        texts["reasoning_content"] = "".join(block.get("reasoning", "") for block in blocks)
    return AIMessageChunk(
        content=cast("Any", blocks) if version == "v1" else "".join(block.get("text", "") for block in blocks),
        tool_call_chunks=[cast("Any", call) for call in calls],
        additional_kwargs={name: text for name, text in texts.items() if text},
        response_metadata={"output_version": "v1"} if version == "v1" else {},
    )


def to_chunk(delta: ChatContentDelta) -> dict[str, Any] | None:
    """Write new content as a block that is merged with the others of its index; None if there is nothing yet."""
    match delta.type:
        case "text" if delta.text_delta:
            return {"type": "text", "text": delta.text_delta, "index": delta.index}
        case "reasoning" if delta.reasoning_delta:
            return {"type": "reasoning", "reasoning": delta.reasoning_delta, "index": delta.index}
        case "refusal" if delta.refusal_delta:
            return {"type": "non_standard", "value": {"refusal": delta.refusal_delta}, "index": delta.index}
        case "tool_call":
            call = {"type": "tool_call_chunk", "id": delta.id, "name": delta.name, "index": delta.index}
            return {**call, "args": delta.arguments_delta}
    return None


STREAMED = ("text", "reasoning", "tool_call", "structured_output", "refusal")


def final_chunk(response: AIModelCallResponse, version: str | None) -> AIMessageChunk:
    """Write what is known at the end of a stream: usage, metadata, media, citations and signatures."""
    choice = response.chat_response.choices[0] if response.chat_response.choices else ChatResponseChoice()
    content: Any = to_blocks([part for part in choice.contents if part.type not in STREAMED]) or ""
    if version == "v1":
        content = [block for number, part in enumerate(choice.contents) for block in last_blocks(number, part)]
    return AIMessageChunk(
        content=content,
        usage_metadata=to_usage(response.usage),
        response_metadata={**to_metadata(response, choice), **({"output_version": "v1"} if version == "v1" else {})},
        additional_kwargs=to_additional(choice.contents, reasoning=False),
        chunk_position="last",
        id=response.chat_response.id,
    )


def last_blocks(number: int, part: ContentItem) -> Iterator[dict[str, Any]]:
    """Yield what was not written as it arrived: whole blocks, or further fields of the block with this number."""
    for block in to_block(part):
        if part.type not in STREAMED:
            yield {**block, "index": f"lc_{number}_{block['type']}"}
            continue
        further: dict[str, Any] = {name: block[name] for name in ("annotations", "extras") if name in block}
        if further:
            yield {"type": block["type"], "index": number, **further}


def to_profile(model: str) -> dict[str, Any]:
    """What the catalogue knows of a model, as agents of LangChain ask for it."""
    provider, _, name = model.partition("/")
    facts = find_facts(name, provider)
    if facts is None:
        return {}
    known: dict[str, Any] = {"max_input_tokens": facts.max_input_tokens or facts.context_window}
    known |= {"max_output_tokens": facts.max_output_tokens, "reasoning_output": facts.reasoning}
    known |= {"tool_calling": facts.tools, "structured_output": facts.structured_output}
    for kind in ("text", "image", "audio", "video", "pdf"):
        known[f"{kind}_inputs"] = kind in facts.input_modalities if facts.input_modalities else None
    for kind in ("text", "image", "audio", "video"):
        known[f"{kind}_outputs"] = kind in facts.output_modalities if facts.output_modalities else None
    return {name: value for name, value in known.items() if value is not None}
