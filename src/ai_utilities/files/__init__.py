"""Files: reading the text of documents, and uploads to providers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dhenara.ai.lazy_package import lazy_package

if TYPE_CHECKING:
    from .reading import FileText as FileText, TextExtractionError as TextExtractionError, read_text as read_text
    from .uploads import UploadRecord as UploadRecord

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        "FileText": ".reading",
        "TextExtractionError": ".reading",
        "read_text": ".reading",
        "UploadRecord": ".uploads",
    },
)
