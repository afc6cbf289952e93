"""Messages and tools of requests in the Converse format of Amazon Bedrock."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import dropwhile, takewhile

from ...types.chat.message import Message
from ...types.config.call import Call
from ...types.content.parts import (
    AudioContent,
    Content,
    FileContent,
    GenericContent,
    Media,
    ReasoningContent,
    SearchResultContent,
    ServerToolContent,
    TextContent,
    ToolCallContent,
    ToolResultContent,
)
from ...types.tools.provider_tools import ServerTool
from ...types.tools.tool_definition import ToolChoice, ToolDefinition
from ..common.caller_tools import split_tools
from ..common.foreign_parts import PLACEHOLDER_TEXT, with_vendor_fields
from ..common.media import document_options, is_remote, to_base64
from ..common.plan import PromptPrefix, WarningCollector, drop_foreign_reasoning, is_own_part
from ..common.request import cache_point
from ..common.response_fields import Wire
from ..common.tools import (
    AnyTool,
    ProviderToolsWire,
    extra_fields,
    legal_id,
    select_tools,
    tool_schema,
    warn_unsupported_settings,
    warn_unsupported_tool,
)
from ..quirks import DOCUMENTS, ConverseQuirks

DEFAULTS = {"image/": "image/png", "audio/": "audio/wav", "video/": "video/mp4", "": "application/pdf"}
UNSAFE = re.compile(r"[^A-Za-z0-9 \-()\[\]]+")
FORMATS = {
    "jpeg": "jpeg",
    "jpg": "jpeg",
    "plain": "txt",
    "markdown": "md",
    "msword": "doc",
    "quicktime": "mov",
    "audio/mpeg": "mp3",
    "wave": "wav",
    "matroska": "mkv",
    "3gpp": "three_gp",
    "ms-wmv": "wmv",
}


def name_documents(blocks: list[Wire]) -> None:
    """Give documents unique names, and text next to them, which the API requires."""
    documents = [block["document"] for block in blocks if "document" in block]
    names: set[str] = set()
    for number, document in enumerate(documents, 1):
        if document["name"] in names:
            document["name"] = f"{document['name']} {number}"
        names.add(document["name"])
    if documents and not any("text" in block for block in blocks):
        blocks.append({"text": PLACEHOLDER_TEXT})


def write_user_media(part: Media, warnings: WarningCollector) -> Iterator[Wire]:
    words = part.to_text() if isinstance(part, FileContent) and part.mime_type not in DOCUMENTS else None
    if words is not None:
        yield {"text": words}
    elif isinstance(part, AudioContent) and part.transcript:
        yield from write_unsupported_media(part, warnings)
    elif part.data is not None or is_stored(part):
        yield write_media(part)
    elif is_remote(part):
        warnings.fetch(part)
    else:
        yield from write_unsupported_media(part, warnings)


def write_media(part: Media) -> Wire:
    """Encode media as base64 or as an S3 location, with the name of their format."""
    mime = part.mime_type or DEFAULTS[part.KIND]
    kind = mime.split("/")[-1].removeprefix("x-")
    stored = {"s3Location": {"uri": part.url}}
    written: Wire = {
        "format": DOCUMENTS.get(mime) or FORMATS.get(mime) or FORMATS.get(kind, kind),
        "source": stored if part.data is None else {"bytes": to_base64(part)},
    }
    if isinstance(part, FileContent):
        stem = (part.name or "document").rsplit(".", 1)[0]
        return {"document": {**written, "name": UNSAFE.sub(" ", stem).strip() or "document", **document_options(part)}}
    return {part.KIND.rstrip("/"): written}


def is_user_media(part: Media, is_own: bool) -> bool:
    """Whether the part has to be moved to a user message; assistant messages support only text."""
    shows = not (isinstance(part, AudioContent) and part.transcript)
    return shows and not is_own and (part.data is not None or is_stored(part) or is_remote(part))


def is_stored(part: Media) -> bool:
    return bool(part.url and part.url.startswith("s3://"))


def write_unsupported_media(
    part: Media, warnings: WarningCollector, why: str = "only bytes can be sent there"
) -> Iterator[Wire]:
    words = part.get_text() if isinstance(part, AudioContent) else ""
    if words:
        warnings.rewritten("sound", "its transcript was sent instead", part)
        yield {"text": words}
    else:
        warnings.dropped(f"a part of kind {getattr(part, 'type', 'media')!r}", why, part)


PROTOCOL = "converse"
POINT = "cache_point"
REGIONS = ("us", "us-gov", "eu", "apac", "global", "jp", "au", "ca", "sa")


def write_system(call: Call, warnings: WarningCollector) -> list[Wire]:
    """Encode instructions and leading system messages: one text, or blocks if there are cache markers."""
    leading = takewhile(lambda message: message.role == "system", call.messages)
    parts = [*(TextContent(text=text) for text in call.instructions), *(p for m in leading for p in m.contents)]
    options = [part for part in parts if part.get_text() or isinstance(part, GenericContent)]
    if any(POINT in part.extras or part.cache or isinstance(part, GenericContent) for part in options):
        return [block for part in options for block in write_block(part, call, warnings)]
    words = "\n\n".join(part.get_text() for part in options)
    return [{"text": words}] if words else []


def write_messages(call: Call, warnings: WarningCollector, prefix: PromptPrefix | None = None) -> list[Wire]:
    """Encode the turns. With a prefix, reasoning that belongs to another prefix is dropped."""
    turns: list[Wire] = []
    for message in dropwhile(lambda message: message.role == "system", call.messages):
        if message.role == "system":
            warnings.rewritten("a system message in the middle", "it is sent as a user message", message.contents)
        add_turn(turns, message, call, warnings, prefix)
    if not turns and any(isinstance(part, Media) for message in call.messages for part in message.contents):
        # Nothing of it can be sent, and the warnings list why; a request without turns is rejected.
        turns.append({"role": "user", "content": [{"text": PLACEHOLDER_TEXT}]})
    if turns and turns[-1]["role"] == "user":
        name_documents(turns[-1]["content"])
    return turns


def add_turn(
    turns: list[Wire], message: Message, call: Call, warnings: WarningCollector, prefix: PromptPrefix | None
) -> None:
    """Add a message; neighbours with the same role are merged, and tool results come first."""
    role = "assistant" if message.role == "assistant" else "user"
    if role == "assistant":
        ensure_user_turn(turns, warnings)
    moved = (
        drop_foreign_reasoning(message, prefix.extend(turns), call, PROTOCOL)
        if prefix is not None and role == "assistant"
        else []
    )
    for part in moved:
        warnings.dropped("thinking", "the conversation before it has changed", part)
    stored = (part for part in message.contents if not any(part is one for one in moved))
    blocks = [block for part in stored for block in write_block(part, call, warnings)]
    if not blocks:
        return
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"].extend(blocks)
    else:
        turns.append({"role": role, "content": blocks})
    if role == "user":
        turns[-1]["content"].sort(key=lambda block: "toolResult" not in block)


def ensure_user_turn(turns: list[Wire], warnings: WarningCollector) -> None:
    """Insert a user turn before the first answer if there is none."""
    if not turns:
        warnings.rewritten("the beginning of the conversation", "a user turn was inserted before the first answer")
        turns.append({"role": "user", "content": [{"text": PLACEHOLDER_TEXT}]})
    elif turns[-1]["role"] == "user":
        name_documents(turns[-1]["content"])


def write_block(part: Content, call: Call, warnings: WarningCollector) -> Iterator[Wire]:
    """Encode a part; a cache marker is a block of its own."""
    for block in write_plain(part, call, warnings):
        yield with_vendor_fields(block, part, PROTOCOL)
    mark = part.extras.get(POINT) or (cache_point(part.cache) if part.cache else None)
    if mark is not None:
        yield {"cachePoint": mark}


def write_plain(part: Content, call: Call, warnings: WarningCollector) -> Iterator[Wire]:
    is_own = is_own_part(part, call, PROTOCOL)
    match part:
        case ReasoningContent():
            yield from write_reasoning(part, is_own, call, warnings)
        case ToolCallContent():
            yield {"toolUse": {"toolUseId": legal_id(part.id, "word64"), "name": part.name, "input": part.arguments}}
        case ToolResultContent():
            yield write_result(part, call, warnings)
        case ServerToolContent() | GenericContent():
            if is_own:
                yield write_own_block(part)
            else:
                name = part.name if isinstance(part, ServerToolContent) else part.kind
                warnings.dropped(f"{name!r}, which the provider ran or made itself", "only its origin accepts it", part)
        case SearchResultContent():
            yield write_search_result(part)
        case Media():
            yield from write_user_media(part, warnings)
        case _:
            if (words := part.get_text()).strip():
                yield {"text": words}


def write_search_result(part: SearchResultContent) -> Wire:
    options: Wire = {"source": part.source, "title": part.title, "content": [{"text": text} for text in part.texts]}
    if part.citations is not None:
        options["citations"] = {"enabled": part.citations}
    return {"searchResult": options}


def family(model: str) -> str:
    """Return the vendor, such as `anthropic` of `eu.anthropic.claude-…`; a name without one, such as an alias,
    unchanged.
    """
    words = model.split("/")[-1].split(".")
    return words[1] if words[0] in REGIONS and len(words) > 1 else words[0]


def write_own_block(part: ServerToolContent | GenericContent) -> Wire:
    """Return the original block; the arguments of a server tool are stored separately."""
    if isinstance(part, ServerToolContent) and isinstance(part.data.get("toolUse"), dict):
        return {"toolUse": {**part.data["toolUse"], "input": part.arguments}}
    return dict(part.data)


def write_reasoning(part: ReasoningContent, is_own: bool, call: Call, warnings: WarningCollector) -> Iterator[Wire]:
    """Encode reasoning. No model family accepts that of another one, and Claude accepts only signed reasoning."""
    if not is_own or part.origin is None:
        warnings.dropped("the reasoning of another provider", "it belongs to its origin", part)
    elif family(part.origin.model) != family(call.endpoint.ai_model.model_name):
        warnings.dropped("the reasoning of another family of models", "it belongs to its origin", part)
    elif family(part.origin.model) == "anthropic" and not (part.signature or part.redacted):
        warnings.dropped("thinking without a signature", "it would be refused", part)
    elif part.redacted:
        yield {"reasoningContent": {"redactedContent": part.extras.get("data", "")}}
    else:
        signed = {"signature": part.signature} if part.signature else {}
        yield {"reasoningContent": {"reasoningText": {"text": part.text, **signed}}}


def write_result(part: ToolResultContent, call: Call, warnings: WarningCollector) -> Wire:
    content: list[Wire] = []
    if isinstance(part.output, dict):
        content.append({"json": part.output})
    elif part.output is not None and part.get_text().strip():
        content.append({"text": part.get_text()})
    for inner in part.contents:
        if isinstance(inner, AudioContent):
            content.extend(write_unsupported_media(inner, warnings, "tool results have no sound there"))
        else:
            content.extend(write_block(inner, call, warnings))
    written: Wire = {"toolUseId": legal_id(part.call_id, "word64"), "content": content or [{"text": PLACEHOLDER_TEXT}]}
    return {"toolResult": {**written, "status": "error"} if part.is_error else written}


def write_provider_tools(
    tools: Sequence[AnyTool], quirks: ConverseQuirks, warnings: WarningCollector
) -> ProviderToolsWire:
    wire = ProviderToolsWire()
    for tool in tools:
        if isinstance(tool, ToolDefinition):
            continue
        if isinstance(tool, ServerTool):
            wire.entries.append(tool.spec)
        elif tool.kind in quirks.system_tools:
            warn_unsupported_settings(tool, (), warnings)
            wire.entries.append({"systemTool": {"name": quirks.system_tools[tool.kind]}})
        else:
            warn_unsupported_tool(tool, warnings)
    return wire


MARK = "cache_control"
ANY_SCHEMA: Wire = {"type": "object", "properties": {}}


def write_tools(call: Call, quirks: ConverseQuirks, warnings: WarningCollector) -> Wire:
    """Encode the tools. A history with tool calls is rejected unless their tools are declared, so these are added."""
    config = call.config
    choice = config.tool_choice
    shown = select_tools(config.tools, choice, warnings, one_by_name=True)
    declared: list[Wire] = []
    for tool in split_tools(shown, call, "converse", warnings)[0]:
        declared += write_tool(tool, quirks, warnings)
    declared += write_provider_tools(shown, quirks, warnings).entries
    if not declared:
        parts = (part for message in call.messages for part in message.contents)
        named = {p.name for p in parts if isinstance(p, ToolCallContent | ToolResultContent) and p.name}
        declared = [{"toolSpec": {"name": name, "inputSchema": {"json": ANY_SCHEMA}}} for name in sorted(named)]
    if not declared:
        return {}
    written: Wire = {"tools": declared}
    if choice is not None and choice.mode == "none":
        warnings.unsupported("tool_choice", "tool calls cannot be turned off; the model decides")
    elif choice is not None and config.tools:
        written["toolChoice"] = write_choice(choice)
    return {"toolConfig": written}


def write_tool(tool: ToolDefinition, quirks: ConverseQuirks, warnings: WarningCollector) -> list[Wire]:
    """Encode a tool, and its cache marker, which is an entry of its own."""
    schema, strict = tool_schema(tool, quirks, warnings)
    spec: Wire = {"name": tool.name, "inputSchema": {"json": schema}}
    if tool.description is not None:
        spec["description"] = tool.description
    if strict is not None:
        spec["strict"] = strict
    extras = extra_fields(tool, quirks, warnings)
    mark = extras.pop(MARK, None)
    written = [{"toolSpec": {**extras, **spec}}]
    if isinstance(mark, Mapping):
        written.append({"cachePoint": {"type": "default", **{name: mark[name] for name in ("ttl",) if name in mark}}})
    return written


def write_choice(choice: ToolChoice) -> Wire:
    if choice.mode == "required" and len(choice.names) == 1:
        return {"tool": {"name": choice.names[0]}}
    return {"any": {}} if choice.mode == "required" else {"auto": {}}
