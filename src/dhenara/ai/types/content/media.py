"""The base class of content parts, and image, audio, video and file parts."""

import base64
import binascii
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any, ClassVar, Literal, Protocol, Self, runtime_checkable
from urllib.parse import unquote_to_bytes

from pydantic import Field

from ...errors import ConfigurationError
from ...output_files import require_path, write_output
from ...wire.media_types import from_name, image_size, image_type, is_text, sniff, suffix_of
from ...wire.text import clean_text
from ..model_base import FrozenModel, ModelTemplate


class Origin(FrozenModel):
    """The provider, the requested model and the protocol that produced a part.

    Attributes:
        provider: Name of the provider.
        model: Model that was requested.
        protocol: Protocol of the response, such as `openai_chat`.
        prefix: Hash of the conversation before the part, for reasoning that is only valid after exactly this
            conversation. Default None: valid after any.
    """

    provider: str
    model: str
    protocol: str
    prefix: str | None = None


CacheLifetime = Literal["short", "long"]
"""How long a provider should cache the beginning of a prompt: minutes (`"short"`) or hours (`"long"`)."""


class Content(FrozenModel):
    """Base class of content parts.

    Attributes:
        origin: Who produced the part; None for parts of the user.
        cache: Marks the end of the part as a point up to which the provider may cache the prompt.
        extras: Data for the origin only, such as signatures, encrypted state and ids.
    """

    origin: Origin | None = None
    cache: CacheLifetime | None = None
    extras: dict[str, Any] = Field(default_factory=dict)

    def get_text(self) -> str:
        """Return the part as plain text; empty if it has none."""
        return ""


SPOKEN = ("text", "structured_output")


class Citation(FrozenModel):
    """A source of a text.

    Attributes:
        url: URL of the source.
        title: Title of the source.
        cited_text: Quoted text of the source.
        start: Start of the cited range.
        end: End of the cited range.
        extras: Further fields of the provider.
    """

    url: str | None = None
    title: str | None = None
    cited_text: str | None = None
    start: int | None = None
    end: int | None = None
    extras: dict[str, Any] = Field(default_factory=dict)


class TextContent(Content):
    """Text of a prompt or answer.

    Attributes:
        text: The text.
        citations: Sources of the text.
    """

    type: Literal["text"] = "text"
    text: str = ""
    citations: list[Citation] = Field(default_factory=list)

    def get_text(self) -> str:
        """The text."""
        return self.text


PLAIN_TEXT = ModelTemplate(TextContent)


def text_part(text: str) -> TextContent:
    """Make a part of a text, without validating what cannot be wrong: a plain string."""
    return PLAIN_TEXT.make({"text": text}) if type(text) is str else TextContent(text=text)


def joined_text(contents: Sequence[Content]) -> str:
    """Join the answer text: text parts, and the JSON of structured answers."""
    return "".join([part.get_text() for part in contents if getattr(part, "type", None) in SPOKEN])


NAMES = {"image/": "a picture", "audio/": "sound", "video/": "a film"}


@runtime_checkable
class SupportsRead(Protocol):
    """An open binary file, or any object with a `read` method."""

    def read(self) -> bytes | str: ...


def read_path(path: str | PurePath) -> dict[str, Any]:
    """Read the file; the name is that of the file without folders."""
    try:
        place = Path(path)
        return {"data": place.read_bytes(), "name": place.name}
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}") from error
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"the path {path!r} cannot be read: {error}. Pass a str or Path") from error


def read_file(file: SupportsRead) -> dict[str, Any]:
    """Read an open file from its current position; text is encoded as UTF-8."""
    name = getattr(file, "name", None)
    try:
        data = file.read()
    except AttributeError as error:
        raise ConfigurationError(f"{type(file).__name__} is not an open file. Pass a binary file object") from error
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the file {name or ''} cannot be read: {error}") from error
    named = {"name": Path(name).name} if isinstance(name, str) else {}
    return {"data": data.encode() if isinstance(data, str) else bytes(data), **named}


def read_data_url(url: str) -> dict[str, Any]:
    head, comma, text = url.removeprefix("data:").partition(",")
    kind, *more = head.split(";")
    try:
        if not comma:
            raise ValueError("it has no comma")
        data = base64.b64decode(text, validate=True) if "base64" in more else unquote_to_bytes(text)
    except (ValueError, binascii.Error) as error:
        raise ConfigurationError(f"a data URL cannot be read: {error}") from error
    return {"data": data, "mime_type": kind or "text/plain"}


def matching_type(mime_type: str, kind: str, name: str | None) -> str:
    """Return the media type if it matches the class of the part. Ogg and MP4 may be audio or video."""
    if mime_type.startswith(kind) or mime_type == "application/octet-stream":
        return mime_type
    subtype = mime_type.split("/")[-1]
    if kind in ("audio/", "video/") and subtype in ("ogg", "mp4", "webm", "mpeg", "3gpp"):
        return kind + subtype
    what = name or "the data"
    raise ConfigurationError(f"{what} is {mime_type}, not {NAMES[kind]}. Use content_of(...) to create the right part")


class Media(Content):
    """Base class of media. One of `data`, `url` and `file_id` must be set.

    With a file id of a known provider, `data` or `url` may be set as well; they are used for other providers.

    Attributes:
        data: The bytes.
        url: URL of the file.
        file_id: Id of a file that was uploaded to the provider.
        stored_at: Provider that the file id belongs to, if known.
        mime_type: Media type. Default None: detected from the bytes or the name.
        name: File name.
    """

    KIND: ClassVar[str] = ""
    """Prefix of the media types of this class; empty accepts any."""

    data: bytes | None = Field(default=None, repr=False)
    url: str | None = None
    file_id: str | None = None
    stored_at: str | None = None
    mime_type: str | None = None
    name: str | None = None

    @property
    def text(self) -> str:
        """Always empty: media have no text."""
        return ""

    @classmethod
    def from_path(cls, path: str | PurePath, **about: Any) -> Self:
        """Create a part from a file; the file is read now.

        Args:
            path: Path of the file.
            **about: Other fields, such as `name`.
        """
        return cls.from_bytes(**{**read_path(path), **about})

    @classmethod
    def from_file(cls, file: SupportsRead, **about: Any) -> Self:
        """Create a part from an open file, read from its current position.

        Args:
            file: Binary file object.
            **about: Other fields, such as `name`.
        """
        return cls.from_bytes(**{**read_file(file), **about})

    @classmethod
    def from_bytes(cls, data: bytes, **about: Any) -> Self:
        """Create a part from bytes.

        Args:
            data: The bytes.
            **about: Other fields. Without `mime_type`, the type is detected from the bytes.

        Raises:
            ConfigurationError: If `data` is not bytes, or of another kind than the part.
        """
        if not isinstance(data, bytes | bytearray | memoryview):
            raise ConfigurationError(f"data must be bytes, not {type(data).__name__}")
        mime_type = about.pop("mime_type", None) or sniff(data, about.get("name"))
        return cls(data=data, mime_type=matching_type(mime_type, cls.KIND, about.get("name")), **about)

    @classmethod
    def from_url(cls, url: str, **about: Any) -> Self:
        """Create a part from a URL. It is downloaded here if the provider cannot fetch URLs.

        Args:
            url: URL of the file, or a `data:` URL.
            **about: Other fields, such as `mime_type`.

        Raises:
            ConfigurationError: If `url` is not a string, or a `data:` URL that cannot be read.
        """
        if not isinstance(url, str):
            raise ConfigurationError(f"a URL must be a str, not {type(url).__name__}")
        if url.startswith("data:"):
            return cls.from_bytes(**{**read_data_url(url), **about})
        mime_type = about.pop("mime_type", None) or from_name(url.split("?", 1)[0].split("#", 1)[0])
        return cls(url=url, mime_type=mime_type, **about)

    @classmethod
    def from_file_id(cls, file_id: str, **about: Any) -> Self:
        """Create a part from the id of a file that was uploaded to the provider.

        Args:
            file_id: The provider's id of the file.
            **about: Other fields, such as `stored_at`.
        """
        return cls(file_id=file_id, **about)

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the content to a file.

        Args:
            path: Target path. A path without suffix gets the suffix of the media type.
            overwrite: Whether to replace an existing file (default False).

        Returns:
            The path that was written.

        Raises:
            ConfigurationError: If the part has no data, only a URL or the id of a file.
            OutputExistsError: If the file exists and `overwrite` is False.
        """
        if self.data is None:
            place = f"the URL {self.url}" if self.url else f"the file id {self.file_id}"
            advice = "client.download(part)" if self.url else "client.download_file(part.file_id, to_path=...)"
            raise ConfigurationError(f"the {self.KIND.strip('/') or 'file'} has no data, only {place}. Call {advice}.")
        target = require_path("save(path)", path)
        target = target if target.suffix else target.with_suffix(suffix_of(self._stored_type(self.data)))
        write_output(target, self.data, overwrite=overwrite)
        return target

    def _stored_type(self, data: bytes) -> str:
        """The media type of the bytes. Images are often labelled with another format than theirs."""
        return image_type(data) or self.mime_type or sniff(data)


class ImageContent(Media):
    """An image.

    Attributes:
        detail: Resolution at which the provider reads it, such as `"low"` or `"high"`. Default None: it decides.
    """

    KIND: ClassVar[str] = "image/"

    type: Literal["image"] = "image"
    detail: str | None = None

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels, read from the file header; None if unknown."""
        return image_size(self.data) if self.data else None


class AudioContent(Media):
    """Audio, with its transcript if known.

    Attributes:
        transcript: Text of the audio. Default None: unknown.
    """

    KIND: ClassVar[str] = "audio/"

    type: Literal["audio"] = "audio"
    transcript: str | None = None

    def get_text(self) -> str:
        """The transcript; empty if it is unknown."""
        return self.transcript or ""


class VideoContent(Media):
    """A video."""

    KIND: ClassVar[str] = "video/"

    type: Literal["video"] = "video"


class FileContent(Media):
    """A document: PDF, text, or any other file.

    Attributes:
        citations: Whether answers may cite the document. Default None: decided by the provider. Anthropic and Bedrock
            support it for each document, Cohere for the whole request; other providers give a warning.
        context: Information about the document that is not cited. Supported by Anthropic and Bedrock.
    """

    type: Literal["file"] = "file"
    citations: bool | None = None
    context: str | None = None

    def to_text(self) -> str | None:
        """Return the content of a text file, headed by its name; None if it is not text or has no data."""
        if self.data is None or not is_text(self.mime_type):
            return None
        return f"{self.name}:\n{clean_text(self.data)}" if self.name else clean_text(self.data)
