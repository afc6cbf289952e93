"""How a request shows who sends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..wire.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Grant:
    """What we may show to a provider. Never in a repr."""

    key: str | None = field(default=None, repr=False)
    credentials: Mapping[str, Any] = field(default_factory=dict, repr=False)
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)


Auth = Callable[[HttpRequest, Grant], HttpRequest]


def bearer(request: HttpRequest, grant: Grant) -> HttpRequest:
    """`Authorization: Bearer …`; nothing where there is no key, as for local servers."""
    return request.with_headers({"authorization": f"Bearer {grant.key}"}) if grant.key else request


def header(name: str) -> Auth:
    """The key as it is, in a header of this name."""

    def sign(request: HttpRequest, grant: Grant) -> HttpRequest:
        return request.with_headers({name: grant.key}) if grant.key else request

    return sign
