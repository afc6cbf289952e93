"""Packing: media made ready for a provider before they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..dataclass import replace
from ..types.call import Call
from ..types.vendor_fields import VENDOR_FIELDS
from .base import Quirks
from .warnings import Warnings

if TYPE_CHECKING:
    from .carrying import Moves

MEDIA = frozenset(("image", "audio", "video", "file", "search_result", "container_upload", "generic"))
"""Kinds of parts that not every provider takes, or not in every form."""


def packed(call: Call, quirks: Quirks, protocol: str, warnings: Warnings, moves: Moves) -> Call:
    """The call with every file where this provider can have it. Raises for what would be refused.

    `moves` says of a part of an answer, and whether it comes from here, whether the user has to show it.
    """
    if not shows_media(call):
        return call
    from .carrying import carried
    from .foreign_parts import understood
    from .staying import kept_here
    from .weighing import Scales

    call = replace(call, messages=understood(call, protocol, warnings))
    kept = replace(call, messages=kept_here(call, warnings))
    call = replace(kept, messages=carried(kept, protocol, quirks, warnings, moves))
    Scales(quirks, str(call.endpoint.api.provider), warnings).weigh(call)
    return call


def shows_media(call: Call) -> bool:
    """Whether there is any, or anything else that not all providers know.

    Every call is asked, so it is told by names: classes of values take long to compare.
    """
    for message in call.messages:
        for part in message.contents:
            if part.type in MEDIA or (part.extras and VENDOR_FIELDS in part.extras):
                return True
            if part.type == "tool_result" and any(one.type in MEDIA or one.extras for one in part.contents):
                return True
    return False
