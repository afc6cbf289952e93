"""AWS credentials chain: keys in profile files, then botocore."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import ConfigurationError
from ...wire.io_protocol import IO
from ...wire.transport_protocol import AttemptTimeouts
from ..token import Source, Token
from .aws_profiles import keys_in_files, selected_profile

A_WHILE = 600.0
NOWHERE = (
    "no AWS credentials: set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or pass api_key "
    "or credentials={'access_key_id': ..., 'secret_access_key': ...} to AIModelAPI, or keep keys in a profile of "
    "~/.aws/credentials"
)
MORE = "; single sign-on, roles and the keys of a machine need botocore: pip install 'dhenara[aws]'"


def aws_token_source(
    credentials: Mapping[str, Any] | None, config: Mapping[str, Any], environment: Mapping[str, str]
) -> Source | None:
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


def default_chain(profile: str | None, environment: Mapping[str, str]) -> Source:
    """Return the default chain. Keys in files are read again after a while; botocore is asked every time, because
    it caches itself.
    """
    session: list[Any] = []

    async def fetch(io: IO, timeouts: AttemptTimeouts) -> Token:
        if not session and (stored := await io.call(keys_in_files, profile or "default", environment)):
            return Token(credentials=stored, good_until=io.time() + A_WHILE)
        match = await io.call(from_botocore, session, profile)
        if not match:
            named = f" (profile {profile!r})" if profile else ""
            raise ConfigurationError(f"{NOWHERE}{named}{'' if session else MORE}")
        return Token(credentials=match)

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
    match = {"access_key_id": frozen.access_key, "secret_access_key": frozen.secret_key}
    return {**match, "session_token": frozen.token} if frozen.token else match
