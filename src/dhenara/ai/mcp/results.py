"""Converts results of MCP tools to tool results."""

from __future__ import annotations

import base64
from typing import Any

from ..types.content import AudioContent, FileContent, ImageContent, ResultPart, TextContent, ToolResultContent


def read_contents(result: Any) -> ToolResultContent:
    """Convert text, images and audio; use the structured value if there is no content."""
    parts = [read_block(block) for block in result.content]
    if len(parts) == 1 and isinstance(parts[0], TextContent):
        return ToolResultContent(call_id="", output=parts[0].text, is_error=bool(result.is_error))
    if not parts:
        return ToolResultContent(call_id="", output=result.structured_content or "null", is_error=bool(result.is_error))
    return ToolResultContent(call_id="", contents=parts, is_error=bool(result.is_error))


def read_block(block: Any) -> ResultPart:
    match block.type:
        case "text":
            return TextContent(text=block.text)
        case "image":
            return ImageContent(data=base64.b64decode(block.data), mime_type=block.mime_type)
        case "audio":
            return AudioContent(data=base64.b64decode(block.data), mime_type=block.mime_type)
        case "resource_link":
            return TextContent(text=f"{block.name}: {block.uri}")
        case "resource":
            return read_resource(block.resource)
        case _:
            return TextContent(text=block.model_dump_json(by_alias=True, exclude_none=True))


def read_resource(resource: Any) -> ResultPart:
    name = str(resource.uri)
    if getattr(resource, "text", None) is not None:
        return TextContent(text=f"{name}:\n{resource.text}")
    return FileContent(data=base64.b64decode(resource.blob), mime_type=resource.mime_type, name=name)
