"""Files at a provider, and OCR of documents."""

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field, SkipValidation

from ...errors import ConfigurationError
from ..chat.message import Text
from ..chat.report import OperationResponse
from ..content.parts import AudioContent, FileContent, ImageContent, Media, VideoContent
from ..display import ShownAsText
from ..model_base import FrozenModel
from .image import GeneratedImage

FileState = Literal["processing", "ready", "failed"]
KINDS: dict[str, type[Media]] = {"image": ImageContent, "audio": AudioContent, "video": VideoContent}


class FileRequest(FrozenModel):
    """One request to a provider's file API.

    `content` is bytes, or a body in pieces; `expires_in` is in seconds; `cursor` is where the last page ended. The
    action `lines` downloads a result file line by line.
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
    """A file at a provider.

    Attributes:
        file_id: The provider's id of the file.
        name: File name.
        size: Size in bytes.
        mime_type: Media type.
        purpose: Purpose that was given when the file was uploaded.
        state: `"processing"`, `"ready"` or `"failed"`. Default `"ready"`.
        created_at: When the file was uploaded.
        expires_at: When the provider deletes the file. None if it does not.
        url: URL of the file at the provider, if it has one.
        raw: The provider's full description.
    """

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
        """Return the file as a content part.

        Args:
            data: Bytes of the file, if the part should work with other providers as well.

        Returns:
            The part.
        """
        if self.state == "failed":
            raise ConfigurationError(f"{self.provider}: processing of the file {self.name or self.file_id} failed")
        mime = self.mime_type or ""
        kind = KINDS.get(mime.partition("/")[0], FileContent)
        about: dict[str, Any] = {"mime_type": self.mime_type, "name": self.name, "stored_at": self.provider}
        return kind(file_id=self.url or self.file_id, data=data, **about)


class FilePage(OperationResponse):
    """One page of files. `cursor` starts the next page; None on the last page."""

    files: list[UploadedFile] = Field(default_factory=list)
    cursor: str | None = None


class FileDeleted(OperationResponse):
    """The file was deleted."""

    file_id: str


class FileBytes(OperationResponse):
    """Content of a file."""

    data: bytes = Field(default=b"", repr=False)
    mime_type: str | None = None


class UploadAddress(OperationResponse):
    """Address for the upload of a large file, for providers that require a request for it first."""

    query: str


def read_time(data: Any) -> datetime | None:
    """Parse seconds since 1970 or an ISO date."""
    if isinstance(data, int | float) and data:
        return datetime.fromtimestamp(data, UTC)
    if not isinstance(data, str) or not data:
        return None
    try:
        # Drop nanoseconds: datetime has microseconds.
        whole, point, rest = data.replace("Z", "+00:00").partition(".")
        if not point:
            return datetime.fromisoformat(whole)
        digits = len(rest) - len(rest.lstrip("0123456789"))
        return datetime.fromisoformat(f"{whole}.{rest[: min(digits, 6)].ljust(6, '0')}{rest[digits:]}")
    except ValueError:
        return None


class OcrRequest(FrozenModel):
    """Request for OCR.

    Attributes:
        document: The document or image.
        pages: Numbers of the pages, from 0. Default None: all pages.
        include_images: Whether to return the images of the document. Default None: decided by the provider.
    """

    document: FileContent | ImageContent = Field(discriminator="type")
    pages: tuple[int, ...] | None = None
    include_images: bool | None = None


class OcrPage(FrozenModel):
    """One page.

    Attributes:
        index: Number of the page, from 0.
        markdown: Text of the page as markdown.
        images: Images on the page, if requested.
        width: Width in pixels. None if unknown.
        height: Height in pixels. None if unknown.
        dpi: Resolution in dots per inch. None if unknown.
        extras: Further fields of the provider.
    """

    index: int
    markdown: str = ""
    images: list[GeneratedImage] = Field(default_factory=list)
    width: int | None = None
    height: int | None = None
    dpi: int | None = None
    extras: dict[str, Any] = Field(default_factory=dict, repr=False)


class OcrResponse(ShownAsText, OperationResponse):
    """The recognised pages, in order.

    Attributes:
        pages: The pages, in order.
        annotation: Annotation of the document, if requested.
    """

    pages: list[OcrPage] = Field(default_factory=list)
    annotation: str | None = None

    @property
    def text(self) -> Text:
        """The text of all pages as markdown."""
        return Text("\n\n".join(page.markdown for page in self.pages))
