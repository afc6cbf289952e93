"""Token counts of Converse: the parts of the request that are read."""

from __future__ import annotations

from ...dataclass import replace
from ...types.call import Call
from ..base import Outgoing
from ..counting import counted_in
from ..failure import plain_failure
from ..operation import OperationCodec
from ..paths import quote_segment
from .quirks import ConverseQuirks
from .request import write_request

COUNTED = frozenset({"messages", "system", "toolConfig", "additionalModelRequestFields"})


def write(call: Call, quirks: ConverseQuirks) -> Outgoing:
    asked = write_request(call, quirks)
    read = {name: value for name, value in asked.body.items() if name in COUNTED}
    model = quote_segment(call.endpoint.ai_model.model_name)
    return replace(asked, path=f"/model/{model}/count-tokens", body={"input": {"converse": read}})


CODEC = OperationCodec("converse.count_tokens", write, counted_in("inputTokens"), plain_failure)
