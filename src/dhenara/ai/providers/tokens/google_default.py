"""Application default credentials: where Google's own libraries look when nothing was given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import ConfigurationError
from ...wire import json
from ...wire.http import HttpRequest
from ...wire.io import IO, Broken, Patience, Silence, Unreachable
from ...wire.secrets import SecretBytes, conceal_all
from ..proof import Proof, Source
from .exchange import ask_token
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


def google_proofs(
    credentials: Mapping[str, Any] | None, config: Mapping[str, Any], environment: Mapping[str, str]
) -> Source | None:
    """Those that were given, else the default ones."""
    if credentials is None:
        return defaults(environment)
    given = credentials.get("service_account_json", credentials)
    if isinstance(given, str) and not given.lstrip().startswith("{"):
        return from_file(Path(given))
    return from_info(
        parsed(SecretBytes(given.encode()), "service_account_json") if isinstance(given, str) else checked(given)
    )


def checked(given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            "service_account_json is the content of the JSON file as a dict or a text, or the path of the file"
        )
    return given


def parsed(data: SecretBytes, where: str) -> Mapping[str, Any]:
    try:
        return checked(conceal_all(json.loads(data)))
    except ValueError as error:
        raise ConfigurationError(f"the Google credentials in {where} are not JSON") from error


def project_in_files(
    credentials: Mapping[str, Any] | None, config: Mapping[str, Any], environment: Mapping[str, str]
) -> Mapping[str, Any]:
    """A service account's file knows its project. One that cannot be read is told of when the token is fetched."""
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
        project = checked(json.loads(text)).get("project_id")
    except (OSError, ValueError, ConfigurationError):
        return {}
    return {"project_id": project} if project else {}


def from_file(path: Path) -> Source:
    """Read again for every token: whoever turns its keys over replaces the file."""

    async def fetch(io: IO, patience: Patience) -> Proof:
        try:
            data = SecretBytes(await io.call(path.read_bytes))
        except OSError as error:
            raise ConfigurationError(f"the Google credentials in {path} cannot be read: {error.strerror}") from error
        return await from_info(parsed(data, str(path)))(io, patience)

    return fetch


def defaults(environment: Mapping[str, str]) -> Source:
    """The named file, the one that gcloud wrote, or the machine itself."""
    named, written = environment.get("GOOGLE_APPLICATION_CREDENTIALS"), well_known(environment)

    async def fetch(io: IO, patience: Patience) -> Proof:
        if named:
            return await from_file(Path(named))(io, patience)
        if written is not None and await io.call(written.is_file):
            return await from_file(written)(io, patience)
        return await from_machine(io, patience, environment)

    return fetch


def well_known(environment: Mapping[str, str]) -> Path | None:
    if environment.get("CLOUDSDK_CONFIG"):
        return Path(environment["CLOUDSDK_CONFIG"], FILE)
    if environment.get("APPDATA"):
        return Path(environment["APPDATA"], "gcloud", FILE)
    return Path(environment["HOME"], ".config", "gcloud", FILE) if environment.get("HOME") else None


class Brief:
    """Patience with a server that is next door or not there at all."""

    def __init__(self, patience: Patience, seconds: float = 3.0) -> None:
        self._patience = patience
        self._seconds = seconds

    def connect(self) -> float | None:
        return self._at_most(self._patience.connect())

    def read(self) -> float | None:
        return self._at_most(self._patience.read())

    def _at_most(self, seconds: float | None) -> float:
        return self._seconds if seconds is None else min(seconds, self._seconds)


async def from_machine(io: IO, patience: Patience, environment: Mapping[str, str]) -> Proof:
    host = environment.get("GCE_METADATA_HOST") or METADATA
    url = f"http://{host}/computeMetadata/v1/instance/service-accounts/default/token?scopes={SCOPE}"
    try:
        return await ask_token(io, Brief(patience), HttpRequest("GET", url, FLAVOUR))
    except (Unreachable, Silence, Broken) as error:
        raise ConfigurationError(NOWHERE) from error
