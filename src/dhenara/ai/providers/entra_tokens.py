"""Entra ID tokens for Azure: a client secret, a federated token, or azure-identity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..codecs.common.request import quote_segment
from ..errors import ConfigurationError
from ..http.protocol.message import AttemptTimeouts
from ..io.protocol import IO
from ..wire.secrets import SecretText
from .auth import Token, TokenSource
from .token_exchange import form_request, from_credential, request_token

AUTHORITY = "https://login.microsoftonline.com"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
VARIABLES = {
    "tenant_id": "AZURE_TENANT_ID",
    "client_id": "AZURE_CLIENT_ID",
    "client_secret": "AZURE_CLIENT_SECRET",
    "federated_token_file": "AZURE_FEDERATED_TOKEN_FILE",
    "authority": "AZURE_AUTHORITY_HOST",
}


def entra_token_source(
    credentials: Mapping[str, Any] | None, config: Mapping[str, Any], environment: Mapping[str, str]
) -> TokenSource | None:
    """Return a source for the given application or that of the environment; else azure-identity, if installed."""
    text = {entry: environment[name] for entry, name in VARIABLES.items() if environment.get(name)}
    given = {**text, **(credentials or {})}
    scope = str(config["scope"])
    if given.get("tenant_id") and given.get("client_id"):
        if given.get("client_secret"):
            return client_secret_source(given, scope)
        if given.get("federated_token_file"):
            return federated_source(given, scope)
    if credentials is not None:
        raise ConfigurationError(
            "credentials for Entra are {'token': ...}, or {'tenant_id': ..., 'client_id': ..., 'client_secret': ...}, "
            "or the same with 'federated_token_file'"
        )
    return default_chain(scope)


def client_secret_source(given: Mapping[str, Any], scope: str) -> TokenSource:
    async def fetch(io: IO, timeouts: AttemptTimeouts) -> Token:
        fields = {"client_secret": SecretText(given["client_secret"])}
        return await token_of(given, io, timeouts, {**application_fields(given, scope), **fields})

    return fetch


def federated_source(given: Mapping[str, Any], scope: str) -> TokenSource:
    """Return a source that reads the file every time, because the cluster replaces it."""

    async def fetch(io: IO, timeouts: AttemptTimeouts) -> Token:
        path = Path(str(given["federated_token_file"]))
        try:
            assertion = SecretText((await io.call(path.read_text)).strip())
        except OSError as error:
            raise ConfigurationError(f"the federated token in {path} cannot be read: {error.strerror}") from error
        fields = {"client_assertion_type": ASSERTION, "client_assertion": assertion}
        return await token_of(given, io, timeouts, {**application_fields(given, scope), **fields})

    return fetch


async def token_of(given: Mapping[str, Any], io: IO, timeouts: AttemptTimeouts, fields: Mapping[str, str]) -> Token:
    """Return a token of the application, with its account."""
    token = await request_token(io, timeouts, form_request(address(given), fields))
    return replace(token, account=f"entra {given['tenant_id']} {given['client_id']}")


def application_fields(given: Mapping[str, Any], scope: str) -> dict[str, str]:
    return {"grant_type": "client_credentials", "client_id": str(given["client_id"]), "scope": scope}


def address(given: Mapping[str, Any]) -> str:
    host = str(given.get("authority") or AUTHORITY).rstrip("/")
    host = host if "://" in host else f"https://{host}"
    return f"{host}/{quote_segment(str(given['tenant_id']))}/oauth2/v2.0/token"


def default_chain(scope: str) -> TokenSource | None:
    """Return a source with azure-identity (managed identity, Azure CLI and others); None if it is not installed."""
    if not is_installed("azure", "azure.identity"):
        return None
    made: list[Any] = []

    async def fetch(io: IO, timeouts: AttemptTimeouts) -> Token:
        if not made:
            made.append(await io.call(default_credential))
        return await from_credential(made[0], scope)(io, timeouts)

    return fetch


def is_installed(*names: str) -> bool:
    return all(find_spec(name) is not None for name in names)


def default_credential() -> Any:
    from azure.identity import DefaultAzureCredential  # pyright: ignore[reportMissingImports]  # an extra

    return DefaultAzureCredential()
