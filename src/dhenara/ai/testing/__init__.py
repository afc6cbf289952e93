"""For tests of applications: a fake provider that speaks every dialect and breaks on demand."""

from __future__ import annotations

from .answer import Answer, Called, Counted
from .batches import FakeBatches
from .plausible import Plausible
from .replies import (
    Cut,
    Gzipped,
    Mangled,
    Raw,
    RawStream,
    Refusal,
    Reply,
    Spoken,
    hang_up_before_head,
    reset_before_head,
    stall_before_head,
)
from .server import Exchange, FakeServer
from .steps import HangUp, Reset, Send, Stall, Wait

__all__ = [
    "Answer",
    "Called",
    "Counted",
    "Cut",
    "Exchange",
    "FakeBatches",
    "FakeServer",
    "Gzipped",
    "HangUp",
    "Mangled",
    "Plausible",
    "Raw",
    "RawStream",
    "Refusal",
    "Reply",
    "Reset",
    "Send",
    "Spoken",
    "Stall",
    "Wait",
    "hang_up_before_head",
    "reset_before_head",
    "stall_before_head",
]
