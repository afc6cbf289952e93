"""Differences between the dialects of operations other than chat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..base import Quirks

Encoding = Literal["float", "base64", "base64_int8"]


@dataclass(slots=True, eq=False, repr=False)
class EmbeddingQuirks(Quirks):
    """Quirks of embeddings. `params` gives the request names of dimensions, input_type and truncate; None if
    unsupported.
    """

    path: str = "/embeddings"
    most_texts: int = 2048
    """Maximum number of texts in one request."""

    most_bytes: int = 750_000
    """Maximum size of all texts together in bytes; providers count tokens, of about three bytes each."""

    input_types: Mapping[str, str] = field(default_factory=dict)
    """Our input types and the provider's."""

    encoding: Encoding = "base64"
    """Format of the vectors: numbers, packed 32-bit floats, or bytes."""

    pictures: bool = False
    """Whether images are supported."""

    media: tuple[str, ...] = ()
    """Supported media other than images: `audio`, `video` or `file`."""

    names_model: bool = True
    """Whether the body contains the model name, in addition to the path."""


@dataclass(slots=True, eq=False, repr=False)
class ImageQuirks(Quirks):
    """Quirks of image generation. `params` gives the request names of n, seed and user; None if unsupported."""

    path: str = "/images/generations"
    edits_path: str | None = "/images/edits"
    variations_path: str | None = "/images/variations"
    pictures: Literal["form", "json"] = "form"
    """How images to edit are sent: as form files, or as URLs in JSON."""

    picture_field: str = "image"
    pictures_field: str = "images"
    picture_shape: Literal["object", "string"] = "object"
    streams: bool = False
    price_options: Mapping[str, Any] = field(default_factory=dict)
    """Values of options that determine the price, for requests without them."""


@dataclass(slots=True, eq=False, repr=False)
class RerankQuirks(Quirks):
    """Quirks of reranking. `params` may rename top_n."""

    path: str = "/rerank"
    results: str = "results"
    """Field of the results in the response."""


@dataclass(slots=True, eq=False, repr=False)
class ModerationQuirks(Quirks):
    path: str = "/moderations"
    pictures: bool = False


@dataclass(slots=True, eq=False, repr=False)
class OcrQuirks(Quirks):
    path: str = "/ocr"


@dataclass(slots=True, eq=False, repr=False)
class TranscriptionQuirks(Quirks):
    """Quirks of transcription. `params` gives the request names of language, prompt and temperature; None if
    unsupported.
    """

    path: str = "/audio/transcriptions"
    translations_path: str | None = None
    """Path for translation into English; None if unsupported."""

    names_model: bool = True
    needs: tuple[str, ...] = ()
    """Required parameters."""

    timestamps: Literal["verbose", "plain", "always", "never"] = "verbose"
    """How timestamps are requested: with the verbose format, with a field, not at all because they are always
    returned, or never.
    """

    least_seconds: float = 0
    """Seconds that are billed at least for a request."""

    speakers: Mapping[str, str] | None = None
    """Fields that request speaker detection; None if unsupported."""

    audio_url: str | None = None
    """Field for a URL instead of a file."""

    audio_id: str | None = None
    """Field for the id of an uploaded file."""

    streams: bool = False


@dataclass(slots=True, eq=False, repr=False)
class SpeechQuirks(Quirks):
    """Quirks of speech. `params` gives the request names of voice, format, speed, instructions and language; None
    if unsupported.
    """

    path: str = "/audio/speech"
    text: str = "input"
    names_model: bool = True
    default_voice: str | None = None
    """Default voice, for providers that require one."""

    formats: Mapping[str, Any] = field(default_factory=dict)
    """Our format names and the provider's where they differ; None if a format is unsupported."""

    answers: Literal["sound", "json"] = "sound"
    """Whether the audio is sent as bytes or as base64 in JSON; when streamed, such JSON comes in events."""


@dataclass(slots=True, eq=False, repr=False)
class BatchQuirks(Quirks):
    """Paths and limits of a batch API. Up to the inline limits, calls are sent inside the request.

    `price_share` is the factor on the usual price, if the responses do not report their cost.
    """

    path: str = "/batches"
    most_requests: int = 50_000
    most_bytes: int = 200_000_000
    inline_requests: int = 0
    inline_bytes: int = 0
    price_share: str = "0.5"

    def fits_inline(self, requests: int, size: int) -> bool:
        return requests <= self.inline_requests and size <= self.inline_bytes


@dataclass(slots=True, eq=False, repr=False)
class FileQuirks(Quirks):
    """Quirks of a file API. `params` gives the request name of purpose; None if unsupported."""

    path: str = "/files"
    headers: Mapping[str, str] = field(default_factory=dict)
    default_purpose: str | None = None
    expiry: Literal["seconds", "anchored", "hours", "none"] = "none"
    """How the expiry of a file is sent."""

    pages: Literal["after", "after_id", "number", "token"] = "after"
    """How the next page of a list is requested."""

    page_size: int = 100
    size_field: str = "limit"
    content: str = "/content"
    """Suffix of the file's path for its content."""

    containers: str | None = None
    """Path of the files in a container; None if code has none, or writes its files into the usual place."""

    skills: str | None = None
    """Path of skills; None if there are none."""

    skills_headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True, eq=False, repr=False)
class StoreQuirks(Quirks):
    """Quirks of vector stores."""

    path: str = "/vector_stores"
    headers: Mapping[str, str] = field(default_factory=dict)
    page_size: int = 100
    file_purpose: str | None = None
    """Purpose of the files that are uploaded before they are added; None if files are sent to the store itself."""
