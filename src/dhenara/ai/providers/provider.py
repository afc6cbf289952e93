"""A provider is data: addresses, proof of identity, and which protocol it speaks for which models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from ..codecs.base import Quirks
from .auth import Auth, bearer


@dataclass(frozen=True, slots=True)
class Route:
    """For models that match, this protocol in this dialect; the first that matches counts.

    `base` replaces the provider's base URL.
    """

    codec: str
    quirks: Quirks
    models: str = "*"
    base: str | None = None

    def serves(self, model: str) -> bool:
        return any(fnmatchcase(model, pattern) for pattern in self.models.split("|"))


@dataclass(frozen=True, slots=True)
class Provider:
    """`base_url` may name config entries in braces, such as `{region}`. Keys come from the first variable set."""

    name: str
    base_url: str
    routes: tuple[Route, ...]
    auth: Auth = bearer
    key_env: tuple[str, ...] = ()
    base_url_env: tuple[str, ...] = ()
    credentials_env: Mapping[str, str] = field(default_factory=dict)
    """Credentials that do without a key, and the variables in which they may be."""

    config_env: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Entries of the config, and the variables in which they may be."""

    read_address: Callable[[str], str] = str
    """What the user's addresses mean where people write them in a way of their own."""

    key_hosts: tuple[str, ...] = ()
    """Other hosts than that of the base URL for which the key in the environment is meant."""

    keys_url: str | None = None
    needs_key: bool = True
    embedded: bool = False
    """Whether it runs in this process instead of behind an address."""

    aliases: tuple[str, ...] = ()
