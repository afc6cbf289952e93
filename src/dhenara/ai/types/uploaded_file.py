"""Files kept at a provider: uploaded once, named in prompts, batches and transcripts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field, SkipValidation

from ..errors import ConfigurationError
from .content import AudioContent, FileContent, ImageContent, Media, VideoContent
from .model_base import FrozenModel
from .result import OperationResponse

FileState = Literal["processing", "ready", "failed"]
KINDS: dict[str, type[Media]] = {"image": ImageContent, "audio": AudioContent, "video": VideoContent}


class FileRequest(FrozenModel):
    """`content` is bytes, or a body in pieces; `expires_in` is in seconds; `cursor` is where the last page ended.

    `lines` downloads a file of results line by line.
    """

    action: Literal["begin", "upload", "list", "get", "download", "lines", "delete"]
    file_id: str | None = None
    content: SkipValidation[Any] = Field(default=None, repr=False)
    size: int = 0
    name: str = "file"
    mime_type: str = "application/octet-stream"
    purpose: str | None = None
    expires_in: int | None = Field(default=None, gt=0)
    cursor: str | None = None


class UploadedFile(OperationResponse):
    """One file at a provider. `raw` is everything that the provider says of it."""

    file_id: str
    name: str | None = None
    size: int | None = None
    mime_type: str | None = None
    purpose: str | None = None
    state: FileState = "ready"
    created_at: datetime | None = None
    expires_at: datetime | None = None
    url: str | None = None
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)

    def to_content(self, data: bytes | None = None) -> Media:
        """The file as a part of a prompt, for the provider that has it; with its bytes, for all others as well."""
        if self.state == "failed":
            raise ConfigurationError(f"{self.provider} could not read the file {self.name or self.file_id}")
        mime = self.mime_type or ""
        kind = KINDS.get(mime.partition("/")[0], FileContent)
        about: dict[str, Any] = {"mime_type": self.mime_type, "name": self.name, "stored_at": self.provider}
        return kind(file_id=self.url or self.file_id, data=data, **about)


class FilePage(OperationResponse):
    """Some of the files, and where the next page begins; None after the last."""

    files: list[UploadedFile] = Field(default_factory=list)
    cursor: str | None = None


class FileDeleted(OperationResponse):
    """It is gone."""

    file_id: str


class FileBytes(OperationResponse):
    """What was in a file."""

    data: bytes = Field(default=b"", repr=False)
    mime_type: str | None = None


class UploadAddress(OperationResponse):
    """Where a large file is to be sent, told by those who want to be asked first."""

    query: str


def read_time(data: Any) -> datetime | None:
    """Seconds since 1970, or a date in words."""
    if isinstance(data, int | float) and data:
        return datetime.fromtimestamp(data, UTC)
    if not isinstance(data, str) or not data:
        return None
    try:
        # Nanoseconds are more than can be kept.
        whole, point, rest = data.replace("Z", "+00:00").partition(".")
        if not point:
            return datetime.fromisoformat(whole)
        digits = len(rest) - len(rest.lstrip("0123456789"))
        return datetime.fromisoformat(f"{whole}.{rest[: min(digits, 6)].ljust(6, '0')}{rest[digits:]}")
    except ValueError:
        return None
