"""How calls would reach an address or a model of one's own, for programs that look into why they do not."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from .config import environment
from .embedded.weights import MODULE, SMALL, VARIABLE, check_weights, data_file, find_weights, load_weights
from .errors import ConfigurationError
from .http.proxy import find_proxy
from .http.sockets.tls import trust_context


def proxy_for(address: str) -> str | None:
    """The proxy that stands before this address, without the name and password it may want."""
    parts = urlsplit(address)
    proxy = find_proxy(parts.scheme, parts.hostname or "", environment(), parts.port)
    return None if proxy is None else proxy.url


def trusted_certificates() -> ssl.SSLContext:
    """What secure connections are verified with."""
    return trust_context(environment())


@dataclass(frozen=True, slots=True)
class EmbeddedModel:
    """The small model of the provider `local`: what runs it, its weights, and what is wrong with either."""

    name: str
    runner: str | None
    """The version of llama.cpp's package; None where it is not installed."""

    weights: Path | None
    problem: str | None
    """None when it can be asked."""

    weights_module: str = MODULE
    """What `python -m` runs to put the weights into the user's data folder."""


def weights_folder() -> Path:
    """The folder in which the weights of the small model are put."""
    return data_file(environment()).parent


def embedded_model() -> EmbeddedModel:
    """Looks at every byte of the weights, unless the environment names a file of the user's own instead."""
    try:
        runner = version("xllamacpp")
    except PackageNotFoundError:
        runner = None
    weights, problem = bundled_weights()
    return EmbeddedModel(SMALL, runner, weights, "llama.cpp is not installed" if runner is None else problem)


def bundled_weights() -> tuple[Path | None, str | None]:
    text = environment()
    if not text.get(VARIABLE):
        weights = find_weights()
        return weights, "its weights are not installed" if weights is None else check_weights()
    try:
        return load_weights(SMALL, text), None
    except ConfigurationError as error:
        return None, f"{VARIABLE} is {text[VARIABLE]}: {error}"
