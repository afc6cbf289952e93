"""Tags: labels of calls for usage reports and budgets. They are not sent to providers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

NONE: Mapping[str, str] = MappingProxyType({})
_tags: ContextVar[Mapping[str, str]] = ContextVar("ai_utilities.tags", default=NONE)


@contextmanager
def tagged(**tags: str) -> Iterator[None]:
    """Adds tags to all calls of this thread or task within a `with` block, besides those of outer blocks."""
    token = _tags.set({**_tags.get(), **{name: str(value) for name, value in tags.items()}})
    try:
        yield
    finally:
        _tags.reset(token)


def tags_now() -> dict[str, str]:
    """The tags of the current call."""
    return dict(_tags.get())
