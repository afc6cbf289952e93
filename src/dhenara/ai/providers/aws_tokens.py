"""AWS credentials chain: keys and region in profile files, then botocore."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from configparser import ConfigParser, Error
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError
from ..http.protocol.message import AttemptTimeouts
from ..io.protocol import IO
from .auth import Token, TokenSource

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
