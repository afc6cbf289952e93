"""Rerank: documents in the order in which they answer a query."""

from __future__ import annotations

from pydantic import Field

from .model_base import FrozenModel
from .result import OperationResponse


class RerankRequest(FrozenModel):
    """`top_n` says how many of the best are wanted; all of them where it is not given."""

    query: str = Field(min_length=1)
    documents: tuple[str, ...] = Field(min_length=1)
    top_n: int | None = Field(default=None, gt=0)


class RankedDocument(FrozenModel):
    """`index` is the place of the document among those that were given."""

    index: int
    score: float
    document: str | None = None


class RerankResponse(OperationResponse):
    """The best first."""

    results: list[RankedDocument] = Field(default_factory=list)

    def documents(self) -> list[str]:
        """The documents themselves, the best first."""
        return [one.document for one in self.results if one.document is not None]

    def with_documents(self, given: tuple[str, ...]) -> RerankResponse:
        """The same with every document in its place; hosts send back at most the numbers."""
        known = [
            one if one.document is not None or not 0 <= one.index < len(given)
            else one.model_copy(update={"document": given[one.index]})
            for one in self.results
        ]  # fmt: skip
        return self.model_copy(update={"results": known})
