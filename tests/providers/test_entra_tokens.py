"""Entra's tokens for Azure, and the keys that do without."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import AuthenticationError, ConfigurationError
from dhenara.ai.providers import cloud_credentials
from dhenara.ai.testing import Answer, FakeServer, Raw
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint
from support.worlds import World

# Older addresses of Entra tell the seconds as text.
TOKEN = Raw(json.dumps({"access_token": "eyJ.entra", "expires_in": "3599"}).encode())


def azure(server: FakeServer, credentials: Any = None, **config: Any) -> AIModelClient:
    api = AIModelAPI(provider="microsoft_openai", credentials=credentials, config={"base_url": server.url, **config})
    return AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="my-gpt", base_model="gpt-5.2")))


def test_an_application_gets_a_token_for_its_secret(world: World, server: FakeServer) -> None:
    with FakeServer(TOKEN) as tokens:
        server.add_replies(Answer(text="Hello!"), Answer(text="Again!"))
        application = {"tenant_id": "t", "client_id": "c", "client_secret": "hush", "authority": tokens.url}
        client = azure(server, application)
        assert world.run(client, "?").chat_response.text() == "Hello!"
        assert world.stream(client, "?")[-1][1].chat_response.text() == "Again!"
        world.close(client)
        (requested,) = tokens.exchanges
    assert requested.path == "/t/oauth2/v2.0/token"
    assert parse_qs(requested.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["c"],
        "client_secret": ["hush"],
        "scope": ["https://cognitiveservices.azure.com/.default"],
    }
    assert [e.headers["authorization"] for e in server.exchanges] == ["Bearer eyJ.entra"] * 2
    assert "api-key" not in server.exchanges[0].headers


def test_the_application_may_be_in_the_environment(server: FakeServer, nobody: pytest.MonkeyPatch) -> None:
    with FakeServer(TOKEN) as tokens:
        server.add_replies(Answer(text="Hello!"))
        for name, value in {
            "TENANT_ID": "t",
            "CLIENT_ID": "c",
            "CLIENT_SECRET": "s",
            "AUTHORITY_HOST": tokens.url,
        }.items():
            nobody.setenv(f"AZURE_{name}", value)
        nobody.setenv("AZURE_OPENAI_ENDPOINT", server.url)
        api = AIModelAPI(provider="microsoft_openai")
        with AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="d"))) as client:
            client.generate("?")
    assert server.exchanges[0].headers["authorization"] == "Bearer eyJ.entra"


def test_a_cluster_lends_its_token(server: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("eyJ.cluster\n")
    given = {"tenant_id": "t", "client_id": "c", "federated_token_file": str(tmp_path / "token")}
    with FakeServer(TOKEN) as tokens:
        server.add_replies(Answer(text="Hello!"))
        with azure(server, {**given, "authority": tokens.url}, scope="https://ai.azure.com/.default") as client:
            client.generate("?")
        fields = parse_qs(tokens.exchanges[0].body.decode())
    assert fields["client_assertion"] == ["eyJ.cluster"]
    assert fields["scope"] == ["https://ai.azure.com/.default"]


def test_an_invalid_secret_is_reported_with_the_message_of_entra(server: FakeServer) -> None:
    provided = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}
    with FakeServer(Raw(json.dumps(provided).encode(), status=401)) as tokens:
        given = {"tenant_id": "t", "client_id": "c", "client_secret": "hush", "authority": tokens.url}
        with azure(server, given) as client, pytest.raises(AuthenticationError, match="AADSTS7000215") as caught:
            client.generate("?")
    assert "hush" not in str(caught.value)


def test_azure_identity_is_used_without_explicit_credentials(
    world: World, server: FakeServer, nobody: pytest.MonkeyPatch
) -> None:
    class AccessToken:
        token = "eyJ.machine"
        expires_on = time.time() + 900

    class DefaultAzureCredential:
        def get_token(self, *scopes: str) -> AccessToken:
            assert scopes == ("https://cognitiveservices.azure.com/.default",)
            return AccessToken()

    module = ModuleType("azure.identity")
    module.DefaultAzureCredential = DefaultAzureCredential  # type: ignore[attr-defined]  # stands in for the real one
    nobody.setitem(sys.modules, "azure.identity", module)
    nobody.setattr(cloud_credentials, "is_installed", lambda *names: True)
    nobody.setenv("AZURE_OPENAI_ENDPOINT", server.url)
    server.add_replies(Answer(text="Hello!"))
    client = AIModelClient(
        AIModelEndpoint(api=AIModelAPI(provider="microsoft_openai"), ai_model=AIModel(model_name="d"))
    )
    world.run(client, "?")
    world.close(client)
    assert server.exchanges[0].headers["authorization"] == "Bearer eyJ.machine"


def test_credentials_that_cannot_work_are_reported(server: FakeServer) -> None:
    with azure(server, {"client_id": "c"}) as client, pytest.raises(ConfigurationError, match="tenant_id"):
        client.generate("?")
