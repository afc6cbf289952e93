"""Files at a provider, and the vector stores that search them."""

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field, SkipValidation

from ...errors import ConfigurationError
from ..chat.report import OperationResponse
from ..content.parts import AudioContent, FileContent, ImageContent, Media, VideoContent
from ..model_base import FrozenModel

FileState = Literal["processing", "ready", "failed"]
KINDS: dict[str, type[Media]] = {"image": ImageContent, "audio": AudioContent, "video": VideoContent}


class FileRequest(FrozenModel):
    """One request to a provider's file API.

    `content` is bytes, or a body in pieces; `expires_in` is in seconds; `cursor` is where the last page ended. The
    action `lines` downloads a result file line by line. Files that code wrote are in a `container`; the content of a
    skill is its files, by their paths.
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
    container: str | None = None
    place: Literal["files", "skills"] = "files"


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

        Raises:
            ConfigurationError: If the provider could not process the file.
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


class StoreRequest(FrozenModel):
    """One request to a provider's vector stores. `content` and what follows it are those of a file to add."""

    action: Literal["create", "list", "get", "delete", "begin", "add", "files", "file", "remove", "search"]
    store_id: str | None = None
    file_id: str | None = None
    cursor: str | None = None
    name: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    expires_in: int | None = Field(default=None, gt=0)
    query: str = ""
    max_results: int | None = Field(default=None, gt=0)
    filters: dict[str, Any] | str | None = None
    content: SkipValidation[Any] = Field(default=None, repr=False)
    size: int = 0
    mime_type: str = "application/octet-stream"


class StoreFileCounts(FrozenModel):
    """How many files a vector store has, by state.

    Attributes:
        ready: Files that can be searched.
        processing: Files that are being read.
        failed: Files that could not be read.
        total: All files.
    """

    ready: int = 0
    processing: int = 0
    failed: int = 0
    total: int = 0


class VectorStore(OperationResponse):
    """A store of files at a provider, which it searches for a model.

    Attributes:
        store_id: The provider's id of the store.
        name: Its name.
        state: `"processing"`, `"ready"` or `"expired"`. Default `"ready"`.
        file_counts: How many files it has.
        size: Size in bytes. None if unknown.
        created_at: When it was created.
        expires_at: When the provider deletes it. None if it does not.
        raw: The provider's full description.
    """

    store_id: str
    name: str | None = None
    state: Literal["processing", "ready", "expired"] = "ready"
    file_counts: StoreFileCounts = Field(default_factory=StoreFileCounts)
    size: int | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)


class VectorStoreFile(OperationResponse):
    """A file in a vector store.

    Attributes:
        file_id: The provider's id of the file in the store. Empty if it could not be added.
        store_id: Id of the store.
        name: File name.
        state: `"processing"`, `"ready"` or `"failed"`.
        error: Why it failed. Default None.
        size: Size in bytes. None if unknown.
        metadata: Metadata that was given when it was added.
        created_at: When it was added.
        raw: The provider's full description.
    """

    file_id: str
    store_id: str = ""
    name: str | None = None
    state: FileState = "ready"
    error: str | None = None
    size: int | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    created_at: datetime | None = None
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)


class AddedFiles(FrozenModel):
    """What became of files that were added to a vector store, in the order in which they were given.

    Attributes:
        files: The files.
    """

    files: list[VectorStoreFile] = Field(default_factory=list)

    @property
    def ready(self) -> list[VectorStoreFile]:
        """Files that can be searched."""
        return [file for file in self.files if file.state == "ready"]

    @property
    def failed(self) -> list[VectorStoreFile]:
        """Files that could not be added or read; `error` says why."""
        return [file for file in self.files if file.state == "failed"]

    @property
    def processing(self) -> list[VectorStoreFile]:
        """Files that the provider is still reading."""
        return [file for file in self.files if file.state == "processing"]


class StoreMatch(FrozenModel):
    """A passage that a search in a vector store returned.

    Attributes:
        text: The passage.
        file_id: Id of its file.
        name: Name of its file.
        score: How well it fits; higher is better. None if unknown.
        metadata: Metadata of its file.
    """

    text: str
    file_id: str | None = None
    name: str | None = None
    score: float | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)


class StorePage(OperationResponse):
    """One page of stores. `cursor` starts the next page; None on the last page."""

    stores: list[VectorStore] = Field(default_factory=list)
    cursor: str | None = None

    @property
    def length(self) -> int:
        """Number of stores on the page."""
        return len(self.stores)


class StoreFilePage(OperationResponse):
    """One page of the files of a store. `cursor` starts the next page; None on the last page."""

    files: list[VectorStoreFile] = Field(default_factory=list)
    cursor: str | None = None

    @property
    def length(self) -> int:
        """Number of files on the page."""
        return len(self.files)


class StoreMatches(OperationResponse):
    """What a search in a vector store returned, best first.

    Attributes:
        matches: The passages.
    """

    matches: list[StoreMatch] = Field(default_factory=list)


class StoreDeleted(OperationResponse):
    """The store, or a file of it, was deleted."""


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
