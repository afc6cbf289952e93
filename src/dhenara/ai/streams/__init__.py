"""The iterators that users hold. Each is imported when it is first used, because most programs use few of them.

The client imports this package with `import dhenara.ai.streams as streams`, because `from .. import streams` would
first ask `dhenara.ai` for that name, which looks it up among the names of version 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_package import lazy_package

if TYPE_CHECKING:
    from .audio import (
        AsyncSpeech as AsyncSpeech,
        AsyncTranscript as AsyncTranscript,
        SyncSpeech as SyncSpeech,
        SyncTranscript as SyncTranscript,
    )
    from .batches import (
        AsyncBatchItems as AsyncBatchItems,
        AsyncSubmissions as AsyncSubmissions,
        SyncBatchItems as SyncBatchItems,
        SyncSubmissions as SyncSubmissions,
    )
    from .chat import (
        AsyncRunStream as AsyncRunStream,
        AsyncStream as AsyncStream,
        RunStream as RunStream,
        SyncStream as SyncStream,
    )

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        **dict.fromkeys(("AsyncSpeech", "AsyncTranscript", "SyncSpeech", "SyncTranscript"), ".audio"),
        **dict.fromkeys(("AsyncBatchItems", "AsyncSubmissions", "SyncBatchItems", "SyncSubmissions"), ".batches"),
        **dict.fromkeys(("AsyncRunStream", "AsyncStream", "RunStream", "SyncStream"), ".chat"),
    },
)
