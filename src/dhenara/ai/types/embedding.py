"""Embeddings: texts as vectors."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, PrivateAttr, field_validator
from pydantic_core import CoreSchema, core_schema

from ..errors import ConfigurationError
from .media import AudioContent, FileContent, ImageContent, Media, VideoContent
from .model_base import FrozenModel
from .result import OperationResponse

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

InputType = Literal["query", "document", "classification", "clustering", "similarity", "code_query", "question", "fact"]


class TakenAsGiven:
    """Marks numbers that are not looked at one by one where they come as they are; out of JSON they are read."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.json_or_python_schema(json_schema=handler(source), python_schema=core_schema.any_schema())


class EmbeddingRequest(FrozenModel):
    """What becomes vectors, and how.

    Attributes:
        texts: Texts, and pictures, sounds, videos or documents for models that take these; one vector for each.
        dimensions: How long the vectors are, where the model lets that be chosen.
        input_type: What the texts are for, where the model tells that apart.
        truncate: Whether texts that are too long are cut.
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
    """One vector a text or picture, in their order."""

    vectors: Annotated[list[list[float]], TakenAsGiven] = Field(default_factory=list, repr=False)

    _packed: tuple[bytes, ...] = PrivateAttr(default=())

    @classmethod
    def unpacked(cls, packed: tuple[bytes, ...]) -> EmbeddingResponse:
        """Out of vectors of 32-bit floats as they were sent, which `numpy` takes as they are."""
        return cls.joined([array("f", one).tolist() for one in packed], packed, {})

    @classmethod
    def joined(
        cls, vectors: list[list[float]], packed: tuple[bytes, ...], facts: Mapping[str, Any]
    ) -> EmbeddingResponse:
        """Vectors that may also be there as they were sent."""
        response = cls(vectors=vectors, **facts)
        response._packed = packed
        return response

    @property
    def dimensions(self) -> int:
        """How long each vector is."""
        return len(self.vectors[0]) if self.vectors else 0

    @property
    def packed(self) -> tuple[bytes, ...]:
        """The vectors as 32-bit floats, where they came so."""
        return self._packed

    def __eq__(self, other: object) -> bool:
        """In which form the vectors came makes no difference."""
        if not isinstance(other, EmbeddingResponse):
            return False
        self.settle_cost()
        other.settle_cost()
        return self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]  # lists are in it

    def numpy(self) -> NDArray[float32]:
        """All vectors as one matrix, a row a text. Needs numpy."""
        try:
            import numpy
        except ImportError as error:
            raise ConfigurationError(
                "vectors as a matrix need numpy: pip install numpy, or read them from `vectors`"
            ) from error
        if self._packed:
            return numpy.frombuffer(b"".join(self._packed), dtype="<f4").reshape(len(self._packed), -1)
        return numpy.asarray(self.vectors, dtype=numpy.float32)
