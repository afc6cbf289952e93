"""Operations of a provider other than chat, imported on first use because most calls are chat."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from .provider import Route


class LazyRoutes(Sequence["Route"]):
    """The `OPERATIONS` of a module in `operations/`. `draws` names the image models, known without the import."""

    __slots__ = ("draws", "module")

    def __init__(self, module: str, draws: str = "") -> None:
        self.module, self.draws = module, draws

    @property
    def routes(self) -> Sequence[Route]:
        match: Sequence[Route] = import_module(f".operations.{self.module}", __package__).OPERATIONS
        return match

    @overload
    def __getitem__(self, index: int) -> Route: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Route]: ...
    def __getitem__(self, index: int | slice) -> Route | Sequence[Route]:
        return self.routes[index]

    def __len__(self) -> int:
        return len(self.routes)


def image_only_patterns(operations: Sequence[Route]) -> tuple[str, ...]:
    """Return the name patterns of image models from the image routes."""
    if isinstance(operations, LazyRoutes):
        return tuple(operations.draws.split("|")) if operations.draws else ()
    drawing = (route.models for route in operations if route.operation == "image" and route.models != "*")
    return tuple(dict.fromkeys(pattern for models in drawing for pattern in models.split("|")))
