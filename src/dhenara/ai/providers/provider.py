"""A provider is data: addresses, proof of identity, and which protocol it speaks for which models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..codecs.base import Quirks
from ..dataclass import dataclass
from ..wire.frame import Frames
from ..wire.patterns import matches
from .auth import Auth, bearer

if TYPE_CHECKING:
    from .listing import ModelListRoute
    from .token import Finder

NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FileConfigReader:
    """Entries of the config that files of this machine know: how they are read, and where each stands in words.

    `read` is given the credentials (None for none), config and environment; what it finds counts last.
    """

    read: Callable[[Mapping[str, Any] | None, Mapping[str, Any], Mapping[str, str]], Mapping[str, Any]]
    where: Mapping[str, str] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class Route:
    """For an operation on models that match, this protocol in this dialect; the first that matches counts.

    `base` replaces the provider's base URL, `prefix` its prefix, `auth` its auth, and `frames` the framing that is
    the protocol's own.
    """

    codec: str
    quirks: Quirks
    models: str = "*"
    base: str | None = None
    operation: str = "chat"
    prefix: str | None = None
    query: str | None = None
    """What every address ends with, where the config has all that it names in braces."""

    when: Mapping[str, str] = field(default_factory=dict)
    """Entries of the config, and patterns that they must match."""

    auth: Auth | None = None
    frames: Callable[[], Frames] | None = None

    def serves(self, model: str, config: Mapping[str, Any] = NOTHING) -> bool:
        if any(not matches(str(config.get(name, "")), pattern) for name, pattern in self.when.items()):
            return False
        return matches(model, self.models)


@dataclass(frozen=True, slots=True)
class Provider:
    """`base_url`, prefixes and queries may name config entries in braces, such as `{region}`, and `{model}`.

    Keys come from the first variable set.
    """

    name: str
    base_url: str
    routes: tuple[Route, ...]
    operations: Sequence[Route] = ()
    """What is offered beside chat; `Beside` where it is not to be loaded with the rest."""

    by_chat: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Operations that belong to a protocol of chat, and their codecs: they go the way of its routes."""

    auth: Auth = bearer
    key_env: tuple[str, ...] = ()
    base_url_env: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    """All addresses that the environment's key is meant for, where the base URL is not the only one."""

    prefix: str = ""
    """What follows the address, also one that was given; not said again where it is there already."""

    derived: Callable[[Mapping[str, Any], bool], Mapping[str, Any]] | None = None
    """Entries of the config that follow from others, and from whether there is a key."""

    named: Callable[[str, Mapping[str, Any]], str] | None = None
    """What this provider calls a model that its maker calls so."""

    proofs: Finder | None = None
    """Where a proof comes from that has to be fetched, when there is no key."""

    scope: str = ""
    """What a token is asked for, where the giver wants to know."""

    credentials_env: Mapping[str, str] = field(default_factory=dict)
    """Credentials that do without a key, and the variables in which they may be."""

    config_env: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Entries of the config, and the variables in which they may be."""

    config_in_files: FileConfigReader | None = None

    read_address: Callable[[str], str] = str
    """What the user's addresses mean where people write them in a way of their own."""

    idempotency_header: str | None = None
    """The header for a key that all attempts of one call share, lower case; None where there is none."""

    keys_url: str | None = None
    needs_key: bool = True
    input_modalities: tuple[str, ...] = ()
    """What every model there takes in; empty where that depends on the model."""

    embedded: bool = False
    """Whether it runs in this process instead of behind an address."""

    aliases: tuple[str, ...] = ()
    local: bool = False
    """Whether it runs on machines of the user's own, and so sends no bill."""

    listing: ModelListRoute | None = None
    """Where it lists its models, where that is not the usual place of its protocol."""

    price_list: str | None = None
    """What genai-prices calls this provider, where it does not go by our name."""
