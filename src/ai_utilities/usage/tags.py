"""Tags: for whom and for what a call is made. They stay here; no provider is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

NONE: Mapping[str, str] = MappingProxyType({})
_tags: ContextVar[Mapping[str, str]] = ContextVar("ai_utilities.tags", default=NONE)


@contextmanager
def tagged(**tags: str) -> Iterator[None]:
    """Within this block, calls of this thread or task carry these tags, besides those of the blocks around it."""
    token = _tags.set({**_tags.get(), **{name: str(value) for name, value in tags.items()}})
    try:
        yield
    finally:
        _tags.reset(token)


def tags_now() -> dict[str, str]:
    """The tags of a call that is made now."""
    return dict(_tags.get())
