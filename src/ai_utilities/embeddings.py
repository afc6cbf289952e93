"""What `embed` returns: a list of vectors with usage and cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dhenara.ai.types import EmbeddingResponse


class Embeddings(list[list[float]]):
    """One vector per text; behaves as a list. `response` is the engine's full response."""

    def __init__(self, response: EmbeddingResponse) -> None:
        super().__init__(response.vectors)
        self.response = response

    def numpy(self) -> Any:
        """The vectors as a float32 matrix with one row per text. Requires numpy."""
        return self.response.numpy()
