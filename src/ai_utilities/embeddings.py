"""What `embed` returns: the vectors, which are a list like any other, and everything known about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dhenara.ai.types import EmbeddingResponse


class Embeddings(list[list[float]]):
    """One vector a text. `response` is the engine's full answer, with usage and cost."""

    def __init__(self, response: EmbeddingResponse) -> None:
        super().__init__(response.vectors)
        self.response = response

    def numpy(self) -> Any:
        """All vectors as one matrix of 32-bit floats, a row a text. Needs numpy."""
        return self.response.numpy()
