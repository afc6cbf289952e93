"""The process's environment variables as a mapping."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from ..wire.secrets import SecretText


class Environment(Mapping[str, str]):
    """The live environment, read-only; values are masked in `repr`, because they include API keys."""

    __slots__ = ()

    def __getitem__(self, name: str) -> str:
        return SecretText(os.environ[name])

    def __iter__(self) -> Iterator[str]:
        return iter(os.environ)

    def __len__(self) -> int:
        return len(os.environ)

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]  # one type of default
        value = os.environ.get(name)
        return default if value is None else SecretText(value)

    def __repr__(self) -> str:
        return f"<environment of {len(self)} variables>"


ENVIRONMENT = Environment()


def environment() -> Mapping[str, str]:
    """Return the live environment, which shows later changes."""
    return ENVIRONMENT
