"""Credentials of clouds: AWS from profile files or botocore, Azure from Entra ID, Google from google-auth."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from configparser import ConfigParser, Error
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..codecs.common.request import quote_segment
from ..errors import ConfigurationError
from ..http.protocol.message import AttemptTimeouts
from ..io.protocol import IO
from ..wire.secrets import SecretText
from .auth import Token, TokenSource
from .credentials import form_request, from_credential, request_token

STATIC = {
    "access_key_id": "aws_access_key_id",
    "secret_access_key": "aws_secret_access_key",
    "session_token": "aws_session_token",
}
Environment = Mapping[str, str]


def selected_profile(credentials: Mapping[str, Any] | None, environment: Environment) -> str | None:
    """Return the name of the selected profile, or None."""
    named = (credentials or {}).get("profile") or environment.get("AWS_PROFILE")
    return str(named) if named else environment.get("AWS_DEFAULT_PROFILE") or None


def region_in_files(
    credentials: Mapping[str, Any] | None, config: Mapping[str, Any], environment: Environment
) -> Mapping[str, Any]:
    """Return the region of the profile, if the config has none."""
    if config.get("region"):
        return {}
    profile = selected_profile(credentials, environment) or "default"
    region = next((data["region"] for data in read_profile(profile, environment) if data.get("region")), None)
    return {"region": region} if region else {}


def keys_in_files(profile: str, environment: Environment) -> dict[str, str]:
    """Return the static keys of a profile; other kinds of profiles are left to botocore."""
    for data in read_profile(profile, environment):
        keys = {ours: data[theirs] for ours, theirs in STATIC.items() if theirs in data}
        if {"access_key_id", "secret_access_key"} <= keys.keys():
            return keys
    return {}


def read_profile(profile: str, environment: Environment) -> tuple[dict[str, str], dict[str, str]]:
    """Return the entries of a profile from the credentials file, which has priority, and the config file."""
    credentials = read(profile_path("AWS_SHARED_CREDENTIALS_FILE", "credentials", environment))
    settings = read(profile_path("AWS_CONFIG_FILE", "config", environment))
    return credentials.get((profile,), {}), settings.get(("profile", profile)) or (
        settings.get((profile,), {}) if profile == "default" else {}
    )


def profile_path(variable: str, default: str, environment: Environment) -> Path:
    home = Path(environment.get("HOME") or environment.get("USERPROFILE") or ".")
    named = environment.get(variable)
    if not named:
        return home / ".aws" / default
    return home / named[2:] if named.startswith("~/") else Path(named)


def read(path: Path) -> dict[tuple[str, ...], dict[str, str]]:
    """Return the sections of a file by the words of their headings; empty if there is no file."""
    parser = ConfigParser(interpolation=None, default_section="")
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, Error) as error:
        raise ConfigurationError(f"the AWS profiles in {path} cannot be read: {type(error).__name__}") from error
    return {
        heading_words(name): {key: value.strip() for key, value in parser[name].items()} for name in parser.sections()
    }


def heading_words(heading: str) -> tuple[str, ...]:
    """Return the words of a heading such as `profile work`; names with spaces are quoted."""
    try:
        return tuple(shlex.split(heading))
    except ValueError:
        return (heading,)


A_WHILE = 600.0
NOWHERE = (
    "no AWS credentials: set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or pass api_key "
    "or credentials={'access_key_id': ..., 'secret_access_key': ...} to AIModelAPI, or keep keys in a profile of "
    "~/.aws/credentials"
)
MORE = "; single sign-on, roles and the keys of a machine need botocore: pip install 'dhenara[aws]'"


def aws_token_source(
    credentials: Mapping[str, Any] | None, config: Mapping[str, Any], environment: Mapping[str, str]
) -> TokenSource | None:
    """Return None if the keys were given; otherwise the chain, for a profile if one is named."""
    given = credentials or {}
    if "access_key_id" in given or "secret_access_key" in given:
        return None
    profile = selected_profile(given, environment)
    if credentials is not None and not profile:
        raise ConfigurationError(
            "credentials for AWS are {'access_key_id': ..., 'secret_access_key': ...}, perhaps with 'session_token', "
            "or {'profile': ...}, or {'token': ...}"
        )
    return default_chain(profile, environment)


def default_chain(profile: str | None, environment: Mapping[str, str]) -> TokenSource:
    """Return the default chain. Keys in files are read again after a while; botocore is asked every time, because
    it caches itself.
    """
    session: list[Any] = []

    async def fetch(io: IO, timeouts: AttemptTimeouts) -> Token:
        if not session and (stored := await io.call(keys_in_files, profile or "default", environment)):
            return Token(credentials=stored, good_until=io.time() + A_WHILE)
        keys = await io.call(from_botocore, session, profile)
        if not keys:
            named = f" (profile {profile!r})" if profile else ""
            raise ConfigurationError(f"{NOWHERE}{named}{'' if session else MORE}")
        return Token(credentials=keys)

    return fetch


def from_botocore(session: list[Any], profile: str | None) -> dict[str, str]:
    """Return botocore's credentials; empty if it is not installed."""
    try:
        from botocore.exceptions import BotoCoreError
        from botocore.session import Session
    except ImportError:
        return {}
    try:
        if not session:
            session.append(Session(profile=profile))
        credentials = session[0].get_credentials()
        frozen = credentials.get_frozen_credentials() if credentials else None
    except BotoCoreError as error:
        raise ConfigurationError(f"botocore found no AWS credentials: {error}") from error
    if frozen is None:
        return {}
    keys = {"access_key_id": frozen.access_key, "secret_access_key": frozen.secret_key}
    return {**keys, "session_token": frozen.token} if frozen.token else keys


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
    return azure_identity_chain(scope)


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


def azure_identity_chain(scope: str) -> TokenSource | None:
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


SCOPE = "https://www.googleapis.com/auth/cloud-platform"
"""What tokens of Google may be used for."""
NO_GOOGLE_CREDENTIALS = (
    "no Google credentials: pass credentials={'service_account_json': ...} or {'token': ...} to AIModelAPI, set "
    "GOOGLE_APPLICATION_CREDENTIALS to a credentials file, run `gcloud auth application-default login`, or run on "
    "Google Cloud, whose metadata server has the service account. An API key of Vertex AI goes into "
    "GOOGLE_VERTEX_API_KEY or api_key=..."
)


def from_google_auth(info: Mapping[str, Any]) -> TokenSource:
    """Token source for an external account that only google-auth supports: AWS, a program, a certificate."""

    def create() -> Any:
        try:
            from google.auth import aws, identity_pool, pluggable
        except ImportError as error:
            raise ConfigurationError(
                "this external_account takes its token from neither a file nor an address, which needs google-auth: "
                "pip install 'google-auth[requests]', or pass credentials={'token': a_function}"
            ) from error
        credential_source = info.get("credential_source") or {}
        kind: Any = (
            pluggable
            if "executable" in credential_source
            else aws
            if "environment_id" in credential_source
            else identity_pool
        )
        return kind.Credentials.from_info(dict(info), scopes=[SCOPE])

    return from_refreshed(create)


def google_auth_default() -> Any:
    """Return the credentials that google-auth finds, such as those of the machine."""
    from google.auth import default
    from google.auth.exceptions import DefaultCredentialsError

    try:
        return default(scopes=[SCOPE])[0]
    except DefaultCredentialsError:
        raise ConfigurationError(NO_GOOGLE_CREDENTIALS) from None


def from_refreshed(create: Callable[[], Any]) -> TokenSource:
    """Token source for credentials of google-auth, which are created once and refreshed for each token."""
    created: list[Any] = []

    def refreshed() -> tuple[str, datetime | None, str | None]:
        if not created:
            created.append(create())
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import Request

        try:
            created[0].refresh(Request())
        except (GoogleAuthError, ValueError) as error:
            # Its message may quote what the credentials or a server said.
            raise ConfigurationError(f"google-auth could not fetch a token: {type(error).__name__}") from None
        return str(created[0].token), created[0].expiry, getattr(created[0], "quota_project_id", None)

    async def fetch(io: IO, timeouts: AttemptTimeouts) -> Token:
        token, expiry, quota = await io.call(refreshed)
        good_until = None if expiry is None else expiry.replace(tzinfo=UTC).timestamp()
        return Token(token, {}, good_until, {"x-goog-user-project": quota} if quota else {})

    return fetch
