"""The iterators that users hold. Each is imported when it is first used, because most programs use few of them.

The client imports this package with `import dhenara.ai.streams as streams`, because `from .. import streams` would
first ask `dhenara.ai` for that name, which looks it up among the names of version 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_package import lazy_package

if TYPE_CHECKING:
    from .chat import (
        AsyncRunStream as AsyncRunStream,
        AsyncStream as AsyncStream,
        RunStream as RunStream,
        SyncStream as SyncStream,
    )
    from .operations import (
        AsyncBatchItems as AsyncBatchItems,
        AsyncSpeech as AsyncSpeech,
        AsyncSubmissions as AsyncSubmissions,
        AsyncTranscript as AsyncTranscript,
        Spool as Spool,
        SyncBatchItems as SyncBatchItems,
        SyncSpeech as SyncSpeech,
        SyncSubmissions as SyncSubmissions,
        SyncTranscript as SyncTranscript,
    )

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        **dict.fromkeys(("AsyncSpeech", "AsyncTranscript", "SyncSpeech", "SyncTranscript"), ".operations"),
        **dict.fromkeys(("AsyncBatchItems", "AsyncSubmissions", "SyncBatchItems", "SyncSubmissions"), ".operations"),
        **dict.fromkeys(("Spool",), ".operations"),
        **dict.fromkeys(("AsyncRunStream", "AsyncStream", "RunStream", "SyncStream"), ".chat"),
    },
)
