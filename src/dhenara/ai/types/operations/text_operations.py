"""Embeddings, reranking, moderation, and OCR of documents."""

from array import array
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, PrivateAttr, field_validator
from pydantic_core import CoreSchema, core_schema

from ...errors import ConfigurationError
from ..chat.message import Text, as_sequence
from ..chat.report import OperationResponse
from ..content.media import AudioContent, FileContent, ImageContent, Media, VideoContent
from ..display import ShownAsText
from ..model_base import FrozenModel
from .images import GeneratedImage

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray


InputType = Literal["query", "document", "classification", "clustering", "similarity", "code_query", "question", "fact"]
"""Purpose of a text, for models whose vectors depend on it: `query` and `document` for search, and others."""


class TakenAsGiven:
    """Marks a field whose numbers are not validated one by one in Python; they are validated when read from JSON."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.json_or_python_schema(
            json_schema=handler(source),
            python_schema=core_schema.any_schema(),
            serialization=core_schema.simple_ser_schema("any"),
        )


class EmbeddingRequest(FrozenModel):
    """Request for embeddings.

    Attributes:
        texts: Texts, and images, audio, videos or documents for models that support these; one vector for each.
        dimensions: Length of the vectors, if the model supports a choice.
        input_type: Purpose of the texts, if the model distinguishes it.
        truncate: Whether to truncate texts that are too long.
        concurrency: Maximum number of requests at the same time. Default 4.
        batch_size: Number of texts in one request. Default None: the provider's maximum.
    """

    texts: tuple[str | ImageContent | AudioContent | VideoContent | FileContent, ...] = Field(min_length=1)
    dimensions: int | None = Field(default=None, gt=0)
    input_type: InputType | None = None
    truncate: bool | None = None
    concurrency: int = Field(default=4, gt=0)
    batch_size: int | None = Field(default=None, gt=0)

    @field_validator("texts", mode="before")
    @classmethod
    def _one_or_many(cls, given: Any) -> Any:
        if isinstance(given, str | Media):
            return (given,)
        return tuple(given) if isinstance(given, Iterable) else given


class EmbeddingResponse(OperationResponse):
    """Embeddings.

    Attributes:
        vectors: One vector for each input, in the same order.
    """

    vectors: Annotated[list[list[float]], TakenAsGiven] = Field(default_factory=list, repr=False)

    _packed: tuple[bytes, ...] = PrivateAttr(default=())

    @classmethod
    def unpacked(cls, packed: tuple[bytes, ...]) -> "EmbeddingResponse":
        """Create a response from packed 32-bit floats, as the provider sent them.

        Args:
            packed: One packed vector for each input.
        """
        return cls.joined([array("f", one).tolist() for one in packed], packed, {})

    @classmethod
    def joined(
        cls, vectors: list[list[float]], packed: tuple[bytes, ...], facts: Mapping[str, Any]
    ) -> "EmbeddingResponse":
        """Create a response from vectors, with their packed form if available.

        Args:
            vectors: One vector for each input.
            packed: The same vectors as packed 32-bit floats; empty if they are not available.
            facts: Other fields of the response by name.
        """
        response = cls(vectors=vectors, **facts)
        response._packed = packed
        return response

    @property
    def dimensions(self) -> int:
        """Length of each vector."""
        return len(self.vectors[0]) if self.vectors else 0

    @property
    def packed(self) -> tuple[bytes, ...]:
        """The vectors as packed 32-bit floats, if the provider sent them in this form; otherwise empty."""
        return self._packed

    def __eq__(self, other: object) -> bool:
        """Compare the vectors, whether packed or not."""
        if not isinstance(other, EmbeddingResponse):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in (*type(self).model_fields, "cost"))

    __hash__ = None  # type: ignore[assignment]  # it holds lists

    def numpy(self) -> "NDArray[float32]":
        """Return the vectors as a matrix with one row for each input. Requires numpy.

        Returns:
            The matrix with 32-bit floats.

        Raises:
            ConfigurationError: numpy is not installed.
        """
        try:
            import numpy
        except ImportError as error:
            raise ConfigurationError("numpy is not installed. Run pip install numpy, or use `vectors`") from error
        if self._packed:
            return numpy.frombuffer(b"".join(self._packed), dtype="<f4").reshape(len(self._packed), -1)
        return numpy.asarray(self.vectors, dtype=numpy.float32)


class RerankRequest(FrozenModel):
    """Request for reranking.

    Attributes:
        query: The query that documents are ranked by.
        documents: Texts of the documents, at least one.
        top_n: Number of results. Default None: all.
    """

    query: str = Field(min_length=1)
    documents: tuple[str, ...] = Field(min_length=1)
    top_n: int | None = Field(default=None, gt=0)


class RankedDocument(FrozenModel):
    """One result.

    Attributes:
        index: Position of the document in the request.
        score: Relevance; higher is better. The range depends on the provider.
        document: Text of the document.
    """

    index: int
    score: float
    document: str | None = None


class RerankResponse(OperationResponse):
    """Results with the most relevant first.

    Attributes:
        results: The results.
    """

    results: list[RankedDocument] = Field(default_factory=list)

    def documents(self) -> list[str]:
        """The documents, the most relevant first."""
        return [one.document for one in self.results if one.document is not None]

    def with_documents(self, given: tuple[str, ...]) -> "RerankResponse":
        """Return the response with the text of every document filled in, because providers return only indexes.

        Args:
            given: The texts of the request, in order.
        """
        known = [
            one if one.document is not None or not 0 <= one.index < len(given)
            else one.model_copy(update={"document": given[one.index]})
            for one in self.results
        ]  # fmt: skip
        return self.model_copy(update={"results": known})


class ModerationRequest(FrozenModel):
    """Request for moderation. Texts are classified one by one; if there is an image, all inputs are classified
    together.

    Attributes:
        inputs: Texts and images, at least one.
    """

    inputs: tuple[str | ImageContent, ...] = Field(min_length=1)

    @field_validator("inputs", mode="before")
    @classmethod
    def _one_or_many(cls, given: Any) -> Any:
        return (given,) if isinstance(given, ImageContent) else tuple(as_sequence(given))


class Moderation(FrozenModel):
    """One result, with the categories of the provider.

    Attributes:
        flagged: Whether any category was flagged.
        categories: Whether each category was flagged.
        scores: Score of each category, from 0 to 1.
        applied_to: Kinds of input that each category was applied to, if the provider says it.
    """

    flagged: bool = False
    categories: dict[str, bool] = Field(default_factory=dict)
    scores: dict[str, float] = Field(default_factory=dict)
    applied_to: dict[str, list[str]] = Field(default_factory=dict)

    def reasons(self) -> list[str]:
        """The categories that were flagged."""
        return [name for name, hit in self.categories.items() if hit]


class ModerationResponse(OperationResponse):
    """One result for each input, in the same order.

    Attributes:
        results: The results.
    """

    results: list[Moderation] = Field(default_factory=list)

    @property
    def flagged(self) -> bool:
        """Whether any input was flagged."""
        return any(one.flagged for one in self.results)


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
