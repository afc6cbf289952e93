"""Reranking: documents ordered by relevance to a query."""

from __future__ import annotations

from pydantic import Field

from .model_base import FrozenModel
from .result import OperationResponse


class RerankRequest(FrozenModel):
    """Request for reranking. `top_n` is the number of results. Default None: all."""

    query: str = Field(min_length=1)
    documents: tuple[str, ...] = Field(min_length=1)
    top_n: int | None = Field(default=None, gt=0)


class RankedDocument(FrozenModel):
    """One result. `index` is the position of the document in the request."""

    index: int
    score: float
    document: str | None = None


class RerankResponse(OperationResponse):
    """Results with the most relevant first."""

    results: list[RankedDocument] = Field(default_factory=list)

    def documents(self) -> list[str]:
        """The documents, the most relevant first."""
        return [one.document for one in self.results if one.document is not None]

    def with_documents(self, given: tuple[str, ...]) -> RerankResponse:
        """Return the response with the text of every document filled in, because providers return only indexes."""
        known = [
            one if one.document is not None or not 0 <= one.index < len(given)
            else one.model_copy(update={"document": given[one.index]})
            for one in self.results
        ]  # fmt: skip
        return self.model_copy(update={"results": known})
