"""Media: pictures, sound, films and files, as bytes, by their address, or by the id that a provider gave them."""

from pathlib import PurePath
from typing import Any, ClassVar, Literal, Self

from pydantic import Field

from ..wire.mime_sniffing import from_name, is_text, sniff
from ..wire.text import clean_text
from .part import Content
from .sources import SupportsRead, matching_type, read_data_url, read_file, read_path


class Media(Content):
    """Bytes, an address or a provider's file id: one of them says where the content is.

    Beside an id that is known to belong to a provider, the bytes or the address may say it to all others.
    """

    KIND: ClassVar[str] = ""
    """How the media types of this kind begin; anything may be a file."""

    data: bytes | None = Field(default=None, repr=False)
    url: str | None = None
    file_id: str | None = None
    stored_at: str | None = None
    """The provider that the file id belongs to, where that is known."""

    mime_type: str | None = None
    name: str | None = None

    @property
    def text(self) -> str:
        return ""

    @classmethod
    def from_path(cls, path: str | PurePath, **about: Any) -> Self:
        """The file, read now. `about` are other fields, such as `name`."""
        return cls.from_bytes(**{**read_path(path), **about})

    @classmethod
    def from_file(cls, file: SupportsRead, **about: Any) -> Self:
        """What an open file has to say from where it stands."""
        return cls.from_bytes(**{**read_file(file), **about})

    @classmethod
    def from_bytes(cls, data: bytes, **about: Any) -> Self:
        """These bytes; what they are is told by themselves unless `mime_type` says it."""
        mime_type = about.pop("mime_type", None) or sniff(data, about.get("name"))
        return cls(data=data, mime_type=matching_type(mime_type, cls.KIND, about.get("name")), **about)

    @classmethod
    def from_url(cls, url: str, **about: Any) -> Self:
        """What is at this address. A provider that cannot fetch it gets the bytes, which are fetched here."""
        if url.startswith("data:"):
            return cls.from_bytes(**{**read_data_url(url), **about})
        mime_type = about.pop("mime_type", None) or from_name(url.split("?", 1)[0].split("#", 1)[0])
        return cls(url=url, mime_type=mime_type, **about)

    @classmethod
    def from_file_id(cls, file_id: str, **about: Any) -> Self:
        """A file that the provider has already, by the id that it gave."""
        return cls(file_id=file_id, **about)


class ImageContent(Media):
    """A picture."""

    KIND: ClassVar[str] = "image/"

    type: Literal["image"] = "image"
    detail: str | None = None


class AudioContent(Media):
    """Sound, with its transcript where one is known."""

    KIND: ClassVar[str] = "audio/"

    type: Literal["audio"] = "audio"
    transcript: str | None = None

    def get_text(self) -> str:
        return self.transcript or ""


class VideoContent(Media):
    """Moving pictures."""

    KIND: ClassVar[str] = "video/"

    type: Literal["video"] = "video"


class FileContent(Media):
    """A document: PDF, text, or any other file.

    Attributes:
        citations: Whether answers may cite the document. None leaves it to the provider. Anthropic and Bedrock take
            this for each document, Cohere for the whole request; elsewhere it is a warning.
        context: What the model should know about the document, which is not cited. Anthropic and Bedrock take it.
    """

    type: Literal["file"] = "file"
    citations: bool | None = None
    context: str | None = None

    def to_text(self) -> str | None:
        """The clean text of a text file, its name above it; None for what is no text, or not here."""
        if self.data is None or not is_text(self.mime_type):
            return None
        return f"{self.name}:\n{clean_text(self.data)}" if self.name else clean_text(self.data)
