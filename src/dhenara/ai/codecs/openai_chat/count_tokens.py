"""Token counts of Chat Completions, where a server counts them: the request itself, one address further."""

from __future__ import annotations

from ...dataclass import replace
from ...types.call import Call
from ..base import Outgoing
from ..counting import counted_in
from ..operation import OperationCodec
from .codec import read_error
from .quirks import ChatQuirks
from .request import write_request


def write(call: Call, quirks: ChatQuirks) -> Outgoing:
    asked = write_request(call, quirks)
    return replace(asked, path=f"{asked.path}/input_tokens")


CODEC = OperationCodec("openai_chat.count_tokens", write, counted_in("input_tokens"), read_error)
