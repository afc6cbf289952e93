"""Tools for testing applications: a fake provider server with every protocol, and faults on demand."""

from __future__ import annotations

from ..lazy_package import lazy_package as _lazy_package
from .answer import Answer, FakeToolCall, FakeUsage, HangUp, Raw, Reply, Reset, Send, Stall, Wait
from .batches import FakeBatches
from .replies import (
    CutReply,
    DialectReply,
    GzippedReply,
    MangledReply,
    RawStream,
    Refusal,
    hang_up_before_head,
    reset_before_head,
    stall_before_head,
)
from .sample_operations import SampleOperations
from .server import FakeServer, MissingReplyError, ServerExchange
from .vector_stores import FakeVectorStores

__all__ = [
    "Answer",
    "CutReply",
    "DialectReply",
    "FakeBatches",
    "FakeServer",
    "FakeToolCall",
    "FakeUsage",
    "FakeVectorStores",
    "GzippedReply",
    "HangUp",
    "MangledReply",
    "MissingReplyError",
    "Raw",
    "RawStream",
    "Refusal",
    "Reply",
    "Reset",
    "SampleOperations",
    "Send",
    "ServerExchange",
    "Stall",
    "Wait",
    "hang_up_before_head",
    "reset_before_head",
    "stall_before_head",
]

__getattr__ = _lazy_package(__name__, {}, has_old_names=True)[0]
