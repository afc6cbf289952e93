"""Preparation of media before a request is encoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..dataclass import replace
from ..types.call import Call
from ..types.vendor_fields import VENDOR_FIELDS
from .base import Quirks
from .warnings import WarningCollector

if TYPE_CHECKING:
    from .media_relay import Moves

MEDIA = frozenset(("image", "audio", "video", "file", "search_result", "container_upload", "generic"))
"""Kinds of parts that not every provider supports, or not in every form."""


def prepare_media(call: Call, quirks: Quirks, protocol: str, warnings: WarningCollector, moves: Moves) -> Call:
    """Convert all media to a form that the provider supports; raises if one would be rejected.

    `moves` decides whether a part of an assistant message has to be moved to a user message.
    """
    if not has_media(call):
        return call
    from .foreign_file_ids import replace_foreign_files
    from .foreign_parts import understood
    from .media_limits import MediaLimitCheck
    from .media_relay import relay_media
    from .media_types import with_media_types

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
