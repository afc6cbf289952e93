"""Google's tokens: fetched the way Google's own library fetches them, from every place where credentials may be."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from google.auth import jwt as google_jwt
from google.auth.exceptions import DefaultCredentialsError
from google.oauth2 import service_account as google_service_account

from dhenara.ai import AIModelClient
from dhenara.ai.errors import AuthenticationError, ConfigurationError, ServerError
from dhenara.ai.providers.google_tokens import signed_jwt
from dhenara.ai.testing import Answer, FakeServer, Raw
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint
from support.worlds import World

TOKEN = Raw(json.dumps({"access_token": "ya29.fetched", "expires_in": 3600, "token_type": "Bearer"}).encode())
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
USER = {"type": "authorized_user", "client_id": "id", "client_secret": "hush", "refresh_token": "1//r"}


@pytest.fixture
def tokens() -> Iterator[FakeServer]:
    """Whoever gives tokens; the models are elsewhere."""
    with FakeServer() as running:
        yield running


def account(tokens: FakeServer) -> dict[str, Any]:
    who = {"type": "service_account", "client_email": "me@p.iam.gserviceaccount.com", "private_key_id": "k1"}
    return {**who, "private_key": PEM, "token_uri": f"{tokens.url}/token"}


def vertex(server: FakeServer, credentials: Any = None, **config: Any) -> AIModelClient:
    api = AIModelAPI(
        provider="google_vertex_ai",
        credentials=credentials,
        config={
            "project_id": "p",
            "location": "us-central1",
            **config,
            **({"base_url": server.url} if credentials else {}),
        },
    )
    return AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="gemini-2.5-flash")))


@pytest.mark.parametrize("shape", ["dict", "text", "path"])
def test_a_service_account_signs_for_a_token(
    world: World, shape: str, server: FakeServer, tokens: FakeServer, tmp_path: Path
) -> None:
    tokens.add_replies(TOKEN)
    server.add_replies(Answer(text="Hello!"), Answer(text="Again!"))
    info = account(tokens)
    (tmp_path / "key.json").write_text(json.dumps(info))
    given = {"dict": info, "text": json.dumps(info), "path": str(tmp_path / "key.json")}[shape]
    client = vertex(server, {"service_account_json": given})
    assert world.run(client, "?").chat_response.text() == "Hello!"
    assert world.stream(client, "?")[-1][1].chat_response.text() == "Again!"
    world.close(client)
    requested = server.exchanges[0]
    assert requested.headers["authorization"] == "Bearer ya29.fetched"
    assert (
        requested.path
        == "/v1beta1/projects/p/locations/us-central1/publishers/google/models/gemini-2.5-flash:generateContent"
    )
    # One token for both calls.
    (given_for,) = tokens.exchanges
    fields = parse_qs(given_for.body.decode())
    claims = google_jwt.decode(fields["assertion"][0], certs=PUBLIC, audience=f"{tokens.url}/token")
    assert (claims["iss"], claims["scope"]) == (info["client_email"], "https://www.googleapis.com/auth/cloud-platform")
    assert fields["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]


def test_googles_own_library_signs_the_same() -> None:
    info = {"client_email": "me@p.iam", "private_key": PEM, "private_key_id": "k1", "token_uri": "https://t.example"}
    theirs = google_service_account.Credentials.from_service_account_info(
        info, scopes=["https://www.googleapis.com/auth/cloud-platform"]
    )._make_authorization_grant_assertion()
    header, claims, _, _ = google_jwt._unverified_decode(theirs)
    ours = signed_jwt(claims, PEM, "k1")
    their_header, their_claims, _, their_signature = google_jwt._unverified_decode(ours)
    assert (their_header, their_claims) == (header, claims)
    assert google_jwt.decode(ours, certs=PUBLIC, audience=claims["aud"]) == claims
    assert their_signature


def test_default_credentials_are_those_of_the_named_file(
    world: World, server: FakeServer, tokens: FakeServer, tmp_path: Path, nobody: pytest.MonkeyPatch
) -> None:
    tokens.add_replies(TOKEN)
    server.add_replies(Answer(text="Hello!"))
    (tmp_path / "adc.json").write_text(json.dumps({**USER, "token_uri": f"{tokens.url}/t", "quota_project_id": "q"}))
    nobody.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "adc.json"))
    nobody.setenv("GOOGLE_VERTEX_BASE_URL", server.url)
    client = vertex(server)
    assert world.run(client, "?").chat_response.text() == "Hello!"
    world.close(client)
    assert parse_qs(tokens.exchanges[0].body.decode()) == {
        "grant_type": ["refresh_token"],
        "client_id": ["id"],
        "client_secret": ["hush"],
        "refresh_token": ["1//r"],
    }
    assert server.exchanges[0].headers["x-goog-user-project"] == "q"


def test_default_credentials_are_those_that_gcloud_wrote(
    server: FakeServer, tokens: FakeServer, tmp_path: Path, nobody: pytest.MonkeyPatch
) -> None:
    tokens.add_replies(TOKEN)
    server.add_replies(Answer(text="Hello!"))
    folder = tmp_path / ".config" / "gcloud"
    folder.mkdir(parents=True)
    (folder / "application_default_credentials.json").write_text(json.dumps({**USER, "token_uri": tokens.url}))
    nobody.setenv("GOOGLE_VERTEX_BASE_URL", server.url)
    with vertex(server) as client:
        assert client.generate("?").chat_response.text() == "Hello!"


def test_default_credentials_are_those_of_the_machine(
    world: World, server: FakeServer, tokens: FakeServer, nobody: pytest.MonkeyPatch
) -> None:
    tokens.add_replies(TOKEN)
    server.add_replies(Answer(text="Hello!"))
    nobody.setenv("GCE_METADATA_HOST", tokens.url.removeprefix("http://"))
    nobody.setenv("GOOGLE_VERTEX_BASE_URL", server.url)
    client = vertex(server)
    assert world.run(client, "?").chat_response.text() == "Hello!"
    world.close(client)
    assert tokens.exchanges[0].headers["metadata-flavor"] == "Google"
    assert tokens.exchanges[0].path.startswith("/computeMetadata/v1/instance/service-accounts/default/token")


class GoogleAuthCredentials:
    """Credentials as `google.auth.default` returns them."""

    quota_project_id = "q"
    token: str | None = None
    expiry: datetime | None = None

    def __init__(self) -> None:
        self.refreshed = 0

    def refresh(self, request: object) -> None:
        self.refreshed += 1
        self.token, self.expiry = "ya29.found", datetime(2100, 1, 1)  # google-auth's are UTC without zone


def test_what_no_file_has_is_left_to_google_auth(world: World, server: FakeServer, nobody: pytest.MonkeyPatch) -> None:
    server.add_replies(Answer(text="Hello!"), Answer(text="Again!"))
    nobody.delenv("GCE_METADATA_HOST")
    nobody.setenv("GOOGLE_VERTEX_BASE_URL", server.url)
    credentials, scopes = GoogleAuthCredentials(), []

    def default(**named: Any) -> tuple[GoogleAuthCredentials, None]:
        scopes.append(named["scopes"])
        return credentials, None

    nobody.setattr("google.auth.default", default)
    client = vertex(server)
    assert world.run(client, "?").chat_response.text() == "Hello!"
    assert world.run(client, "?").chat_response.text() == "Again!"
    world.close(client)
    assert (credentials.refreshed, scopes) == (1, [["https://www.googleapis.com/auth/cloud-platform"]])
    assert server.exchanges[1].headers["authorization"] == "Bearer ya29.found"
    assert server.exchanges[1].headers["x-goog-user-project"] == "q"


def test_where_google_auth_finds_nothing_all_places_are_named(
    world: World, server: FakeServer, nobody: pytest.MonkeyPatch
) -> None:
    def default(**_: Any) -> None:
        raise DefaultCredentialsError("none")

    nobody.delenv("GCE_METADATA_HOST")
    nobody.setenv("GOOGLE_VERTEX_BASE_URL", server.url)
    nobody.setattr("google.auth.default", default)
    client = vertex(server)
    with pytest.raises(ConfigurationError, match="gcloud auth application-default login"):
        world.run(client, "?")
    world.close(client)


def test_without_any_credentials_all_places_are_named(world: World, nobody: pytest.MonkeyPatch) -> None:
    with FakeServer() as server:
        nobody.setenv("GOOGLE_VERTEX_BASE_URL", server.url)
        client = vertex(server)
        with pytest.raises(ConfigurationError, match="gcloud auth application-default login"):
            world.run(client, "?")
        world.close(client)
        assert server.exchanges == []


def test_somebody_may_act_as_a_service_account(server: FakeServer, tokens: FakeServer) -> None:
    ends = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    acting = {"accessToken": "ya29.acting", "expireTime": ends}
    tokens.add_replies(TOKEN, Raw(json.dumps(acting).encode()))
    server.add_replies(Answer(text="Hello!"))
    info = {
        "type": "impersonated_service_account",
        "source_credentials": {**USER, "token_uri": f"{tokens.url}/t"},
        "service_account_impersonation_url": f"{tokens.url}/v1/sa:generateAccessToken",
    }
    with vertex(server, info) as client:
        client.generate("?")
    assert tokens.exchanges[1].headers["authorization"] == "Bearer ya29.fetched"
    assert server.exchanges[0].headers["authorization"] == "Bearer ya29.acting"


def test_a_token_from_elsewhere_is_exchanged(server: FakeServer, tokens: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "subject").write_text(json.dumps({"id_token": "eyJ.elsewhere"}))
    tokens.add_replies(TOKEN)
    server.add_replies(Answer(text="Hello!"))
    info = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/x",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{tokens.url}/sts",
        "credential_source": {
            "file": str(tmp_path / "subject"),
            "format": {"type": "json", "subject_token_field_name": "id_token"},
        },
    }
    with vertex(server, info) as client:
        client.generate("?")
    assert parse_qs(tokens.exchanges[0].body.decode())["subject_token"] == ["eyJ.elsewhere"]
    assert server.exchanges[0].headers["authorization"] == "Bearer ya29.fetched"


def test_a_refusal_says_who_refused_and_why(world: World, server: FakeServer, tokens: FakeServer) -> None:
    provided = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
    tokens.add_replies(Raw(json.dumps(provided).encode(), status=400))
    client = vertex(server, account(tokens))
    with pytest.raises(AuthenticationError, match=r"google_vertex_ai.*invalid_grant: Invalid JWT Signature") as caught:
        world.run(client, "?")
    world.close(client)
    assert "PRIVATE" not in str(caught.value)
    assert server.exchanges == []


def test_whoever_gives_tokens_may_fail_for_a_moment(world: World, server: FakeServer, tokens: FakeServer) -> None:
    tokens.add_replies(Raw(b"{}", status=503), TOKEN)
    server.add_replies(Answer(text="Hello!"))
    client = vertex(server, account(tokens))
    response = world.run(client, "?", retries=1)
    world.close(client)
    assert [attempt.outcome for attempt in response.attempts] == ["failed", "answered"]
    assert response.attempts[0].error.startswith(ServerError.__name__)


def test_secrets_do_not_follow_redirects(server: FakeServer, tokens: FakeServer) -> None:
    tokens.add_replies(Raw(b"", status=307, headers={"location": f"{server.url}/steal"}))
    with vertex(server, account(tokens)) as client, pytest.raises(AuthenticationError, match="307"):
        client.generate("?")
    assert server.exchanges == []


@pytest.mark.parametrize(
    ("credentials", "words"),
    [
        ({"type": "service_account", "client_email": "e"}, "no private_key"),
        ({"type": "gdch_service_account"}, "not known"),
        ({**USER, "token_uri": "http://tokens.example"}, "https"),
        ({"service_account_json": "/nowhere/key.json"}, "cannot be read"),
        ({"service_account_json": "{oops"}, "not JSON"),
        ({"service_account_json": {...}}, "content of the JSON file"),
        ({"type": "service_account", "client_email": "e", "private_key": "nope", "token_uri": "https://t"}, "PEM"),
    ],
)
def test_credentials_that_cannot_work_are_reported(credentials: Any, words: str, server: FakeServer) -> None:
    with pytest.raises(ConfigurationError, match=words), vertex(server, credentials) as client:
        client.generate("?")


def test_without_the_package_that_signs_the_extra_is_named(
    server: FakeServer, tokens: FakeServer, nobody: pytest.MonkeyPatch
) -> None:
    nobody.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.padding", None)
    with vertex(server, account(tokens)) as client, pytest.raises(ConfigurationError, match=r"dhenara\[google\]"):
        client.generate("?")


PROGRAM = """
import json
print(json.dumps({
    "version": 1, "success": True, "token_type": "urn:ietf:params:oauth:token-type:jwt", "id_token": "eyJ.program",
    "expiration_time": 4_000_000_000,
}))
"""


def from_program(tokens: FakeServer, path: Path) -> dict[str, Any]:
    """Credentials of a kind that only google-auth knows: a program writes the token that is exchanged."""
    path.write_text(PROGRAM)
    return {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{tokens.url}/sts",
        "credential_source": {"executable": {"command": f"{sys.executable} {path}", "timeout_millis": 30_000}},
    }


def test_credentials_of_other_kinds_are_left_to_google_auth(
    world: World, server: FakeServer, tokens: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "1")
    tokens.add_replies(TOKEN)
    server.add_replies(Answer(text="Hello!"), Answer(text="Again!"))
    client = vertex(server, from_program(tokens, tmp_path / "program.py"))
    world.run(client, "?")
    world.run(client, "?")
    world.close(client)
    assert parse_qs(tokens.exchanges[0].body.decode())["subject_token"] == ["eyJ.program"]
    assert server.exchanges[1].headers["authorization"] == "Bearer ya29.fetched"
    assert len(tokens.exchanges) == 1


def test_without_google_auth_credentials_of_other_kinds_name_the_package(
    server: FakeServer, tokens: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "google.auth", None)
    with (
        vertex(server, from_program(tokens, tmp_path / "program.py")) as client,
        pytest.raises(ConfigurationError, match="google-auth"),
    ):
        client.generate("?")


def test_an_error_of_google_auth_is_typed_and_quotes_nothing(
    server: FakeServer, tokens: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "1")
    tokens.add_replies(Raw(b'{"error": "invalid_grant", "error_description": "eyJ.program"}', status=400))
    with (
        vertex(server, from_program(tokens, tmp_path / "program.py")) as client,
        pytest.raises(ConfigurationError, match="google-auth could not fetch a token") as failed,
    ):
        client.generate("?")
    assert "eyJ" not in str(failed.value)
