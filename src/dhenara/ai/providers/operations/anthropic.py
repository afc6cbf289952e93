"""Operations of Anthropic other than chat."""

from __future__ import annotations

from ...codecs.batch_quirks import BatchQuirks
from ...codecs.file_quirks import FileQuirks
from ..provider import Route
from ..shared_operation_routes import files

BATCHES = BatchQuirks(
    path="/v1/messages/batches",
    most_requests=100_000,
    most_bytes=250_000_000,
    inline_requests=100_000,
    inline_bytes=250_000_000,
)

OPERATIONS = (
    Route("anthropic.batches", BATCHES, operation="batches"),
    files(
        FileQuirks(
            path="/v1/files",
            headers={"anthropic-version": "2023-06-01", "anthropic-beta": "files-api-2025-04-14"},
            pages="after_id",
        )
    ),
)
