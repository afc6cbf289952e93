"""How dialects of the operations beside chat differ, as data. Light: every provider's file reads this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from ..dataclass import dataclass
from .base import Quirks

Transport = Literal["float", "base64", "base64_int8"]


@dataclass(frozen=True, slots=True)
class EmbeddingQuirks(Quirks):
    """`params` names dimensions, input_type and truncate on the wire; those without a name do not exist there."""

    path: str = "/embeddings"
    most_texts: int = 2048
    """How many texts one request may have."""

    most_bytes: int = 750_000
    """How long all its texts may be together; a token has about three bytes, and hosts count tokens."""

    input_types: Mapping[str, str] = field(default_factory=dict)
    """Our words for the uses of a text, and the wire's."""

    encoding: Transport = "base64"
    """How vectors travel: as numbers, or as packed 32-bit floats or bytes."""

    pictures: bool = False
    """Whether pictures become vectors too."""

    media: tuple[str, ...] = ()
    """Kinds of media beside pictures that become vectors: `audio`, `video` or `file`."""

    names_model: bool = True
    """Whether the body names the model, beside the address."""


@dataclass(frozen=True, slots=True)
class ImageQuirks(Quirks):
    """`params` names n, seed and user on the wire; those without a name do not exist there."""

    path: str = "/images/generations"
    edits_path: str | None = "/images/edits"
    variations_path: str | None = "/images/variations"
    pictures: Literal["form", "json"] = "form"
    """How pictures that are to be changed travel: as files of a form, or as addresses in JSON."""

    picture_field: str = "image"
    pictures_field: str = "images"
    picture_shape: Literal["object", "string"] = "object"
    streams: bool = False


@dataclass(frozen=True, slots=True)
class RerankQuirks(Quirks):
    """`params` may rename top_n."""

    path: str = "/rerank"
    results: str = "results"
    """Where the answer has its results."""


@dataclass(frozen=True, slots=True)
class ModerationQuirks(Quirks):
    path: str = "/moderations"
    pictures: bool = False


@dataclass(frozen=True, slots=True)
class OcrQuirks(Quirks):
    path: str = "/ocr"
