"""Preparation of the media of a call for a protocol, and options of media parts that several protocols share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...types.config.call import Call
from ...types.content.media import FileContent, Media
from ...types.vendor_parts.common import VENDOR_FIELDS
from ..base import Quirks
from ..common.warnings import WarningCollector

if TYPE_CHECKING:
    from .relay import Moves


MEDIA = frozenset(("image", "audio", "video", "file", "search_result", "container_upload", "generic"))
"""Kinds of parts that not every provider supports, or not in every form."""


def prepare_media(call: Call, quirks: Quirks, protocol: str, warnings: WarningCollector, moves: Moves) -> Call:
    """Convert all media to a form that the provider supports; raises if one would be rejected.

    `moves` decides whether a part of an assistant message has to be moved to a user message.
    """
    if not has_media(call):
        return call
    from ..common.foreign_parts import understood
    from .limits import MediaLimitCheck
    from .relay import relay_media, replace_foreign_files
    from .support import with_media_types

    call = replace(call, messages=with_media_types(call.messages, warnings))
    call = replace(call, messages=understood(call, protocol, warnings))
    stored = replace(call, messages=replace_foreign_files(call, warnings))
    call = replace(stored, messages=relay_media(stored, protocol, quirks, warnings, moves))
    MediaLimitCheck(quirks, str(call.endpoint.api.provider), warnings).check(call)
    return call


def has_media(call: Call) -> bool:
    """Whether the call contains media or other parts that not all providers support.

    Runs for every call, so it compares type names, which is faster than `isinstance`.
    """
    for message in call.messages:
        if message.name:
            return True
        for part in message.contents:
            if part.type in MEDIA or (part.extras and VENDOR_FIELDS in part.extras):
                return True
            if part.type == "tool_result" and any(one.type in MEDIA or one.extras for one in part.contents):
                return True
    return False


def is_remote(part: Media) -> bool:
    """Whether the part has to be downloaded over HTTP."""
    return part.data is None and part.file_id is None and (part.url or "").lower().startswith(("http://", "https://"))


OFFICE = "application/vnd.openxmlformats-officedocument."
ENDINGS = {
    "application/pdf": "pdf",
    f"{OFFICE}wordprocessingml.document": "docx",
    f"{OFFICE}spreadsheetml.sheet": "xlsx",
    f"{OFFICE}presentationml.presentation": "pptx",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    "application/rtf": "rtf",
    "application/zip": "zip",
    None: "pdf",
}
OPTIONS = ("citations", "context")


def document_options(part: FileContent) -> dict[str, Any]:
    """Encode `citations` and `context` as Anthropic and Bedrock expect; `extras` may contain them too."""
    written = {name: part.extras[name] for name in OPTIONS if name in part.extras}
    if part.citations is not None:
        written["citations"] = {"enabled": part.citations}
    if part.context is not None:
        written["context"] = part.context
    return written


def document_name(part: FileContent) -> str:
    """Return the name of a document, or one with the ending of its media type."""
    return part.name or f"document.{ENDINGS.get(part.mime_type, 'bin')}"
