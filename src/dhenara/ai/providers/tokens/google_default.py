"""Google application default credentials, in the search order of Google's libraries."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import ConfigurationError
from ...http.protocol.interfaces import AttemptTimeouts, ConnectFailed, ConnectionBroken, ReadTimeout
from ...http.protocol.message import HttpRequest
from ...io.protocol import IO
from ...wire import json
from ...wire.secrets import SecretBytes, conceal_all
from ..auth import Source, Token
from .exchange import request_token
from .google import SCOPE, from_info

FILE = "application_default_credentials.json"
METADATA = "metadata.google.internal"
FLAVOUR = {"metadata-flavor": "Google"}
NOWHERE = (
    "no Google credentials: pass credentials={'service_account_json': ...} or {'token': ...} to AIModelAPI, set "
    "GOOGLE_APPLICATION_CREDENTIALS to a credentials file, run `gcloud auth application-default login`, or run on "
    "Google Cloud, whose metadata server knows the service account. An API key of Vertex AI goes into "
    "GOOGLE_VERTEX_API_KEY or api_key=..."
)


def google_token_source(
    credentials: Mapping[str, Any] | None, config: Mapping[str, Any], environment: Mapping[str, str]
) -> Source | None:
    """Return the given credentials, else the default ones."""
    if credentials is None:
        return default_source(environment)
    given = credentials.get("service_account_json", credentials)
    if isinstance(given, str) and not given.lstrip().startswith("{"):
        return from_file(Path(given))
    return from_info(
        parse_info(SecretBytes(given.encode()), "service_account_json") if isinstance(given, str) else check_info(given)
    )


def check_info(given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            "service_account_json is the content of the JSON file as a dict or a text, or the path of the file"
        )
    return given


def parse_info(data: SecretBytes, where: str) -> Mapping[str, Any]:
    try:
        return check_info(conceal_all(json.loads(data)))
    except ValueError as error:
        raise ConfigurationError(f"the Google credentials in {where} are not JSON") from error


def project_in_files(
    credentials: Mapping[str, Any] | None, config: Mapping[str, Any], environment: Mapping[str, str]
) -> Mapping[str, Any]:
    """Return the project of a service account file. Errors in the file are raised when the token is fetched."""
    if config.get("project_id"):
        return {}
    if credentials is None:
        named = environment.get("GOOGLE_APPLICATION_CREDENTIALS")
    else:
        named = credentials.get("service_account_json")
    if not isinstance(named, str) or not named:
        return {}
    try:
        text = named if named.lstrip().startswith("{") else Path(named).read_bytes()
        project = check_info(json.loads(text)).get("project_id")
    except (OSError, ValueError, ConfigurationError):
        return {}
    return {"project_id": project} if project else {}


def from_file(path: Path) -> Source:
    """Return a source that reads the file for every token, because it may be replaced."""

    async def fetch(io: IO, timeouts: AttemptTimeouts) -> Token:
        try:
            data = SecretBytes(await io.call(path.read_bytes))
        except OSError as error:
            raise ConfigurationError(f"the Google credentials in {path} cannot be read: {error.strerror}") from error
        return await from_info(parse_info(data, str(path)))(io, timeouts)

    return fetch


def default_source(environment: Mapping[str, str]) -> Source:
    """Return the source: the configured file, the one of gcloud, or the metadata server."""
    named, written = environment.get("GOOGLE_APPLICATION_CREDENTIALS"), gcloud_path(environment)

    async def fetch(io: IO, timeouts: AttemptTimeouts) -> Token:
        if named:
            return await from_file(Path(named))(io, timeouts)
        if written is not None and await io.call(written.is_file):
            return await from_file(written)(io, timeouts)
        return await from_machine(io, timeouts, environment)

    return fetch


def gcloud_path(environment: Mapping[str, str]) -> Path | None:
    if environment.get("CLOUDSDK_CONFIG"):
        return Path(environment["CLOUDSDK_CONFIG"], FILE)
    if environment.get("APPDATA"):
        return Path(environment["APPDATA"], "gcloud", FILE)
    return Path(environment["HOME"], ".config", "gcloud", FILE) if environment.get("HOME") else None


class MetadataTimeouts:
    """Timeouts of the metadata server, which is close by or does not exist."""

    def __init__(self, timeouts: AttemptTimeouts, seconds: float = 3.0) -> None:
        self._timeouts = timeouts
        self._seconds = seconds

    def connect(self) -> float | None:
        return self._capped(self._timeouts.connect())

    def read(self) -> float | None:
        return self._capped(self._timeouts.read())

    def _capped(self, seconds: float | None) -> float:
        return self._seconds if seconds is None else min(seconds, self._seconds)


async def from_machine(io: IO, timeouts: AttemptTimeouts, environment: Mapping[str, str]) -> Token:
    host = environment.get("GCE_METADATA_HOST") or METADATA
    url = f"http://{host}/computeMetadata/v1/instance/service-accounts/default/token?scopes={SCOPE}"
    try:
        return await request_token(io, MetadataTimeouts(timeouts), HttpRequest("GET", url, FLAVOUR))
    except (ConnectFailed, ReadTimeout, ConnectionBroken) as error:
        raise ConfigurationError(NOWHERE) from error
