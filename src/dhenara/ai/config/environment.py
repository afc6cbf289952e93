"""The process's environment: read here, and handed to whoever needs a part of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping


class Environment(Mapping[str, str]):
    """The live environment, read only. Its `repr` shows no values: keys stand in it."""

    __slots__ = ()

    def __getitem__(self, name: str) -> str:
        return os.environ[name]

    def __iter__(self) -> Iterator[str]:
        return iter(os.environ)

    def __len__(self) -> int:
        return len(os.environ)

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]  # one type of default
        return os.environ.get(name, default)

    def __repr__(self) -> str:
        return f"<environment of {len(self)} variables>"


ENVIRONMENT = Environment()


def environment() -> Mapping[str, str]:
    """The live environment; what is set later is seen later."""
    return ENVIRONMENT
