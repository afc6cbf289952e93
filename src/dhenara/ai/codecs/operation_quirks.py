"""Quirks of the operations other than chat, as data. Imports little, because every provider file imports it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from ..dataclass import dataclass
from .base import Quirks

Transport = Literal["float", "base64", "base64_int8"]


@dataclass(frozen=True, slots=True)
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

    encoding: Transport = "base64"
    """Format of the vectors: numbers, packed 32-bit floats, or bytes."""

    pictures: bool = False
    """Whether images are supported."""

    media: tuple[str, ...] = ()
    """Supported media other than images: `audio`, `video` or `file`."""

    names_model: bool = True
    """Whether the body contains the model name, in addition to the path."""


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class RerankQuirks(Quirks):
    """Quirks of reranking. `params` may rename top_n."""

    path: str = "/rerank"
    results: str = "results"
    """Field of the results in the response."""


@dataclass(frozen=True, slots=True)
class ModerationQuirks(Quirks):
    path: str = "/moderations"
    pictures: bool = False


@dataclass(frozen=True, slots=True)
class OcrQuirks(Quirks):
    path: str = "/ocr"
