"""AWS's credentials chain: what stands in files, and what botocore finds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError, PermissionDeniedError
from dhenara.ai.providers import cloud_credentials
from dhenara.ai.providers.cloud_credentials import keys_in_files, region_in_files
from dhenara.ai.providers.target import resolve
from dhenara.ai.testing import Answer, FakeServer, Raw
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint
from support.worlds import World


def bedrock(credentials: Any = None, region: str | None = "us-east-1", **config: Any) -> AIModelClient:
    api = AIModelAPI(provider="amazon_bedrock", credentials=credentials, config={"region": region, **config})
    return AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="amazon.nova-lite-v1:0")))


def signer(server: FakeServer) -> str:
    return server.exchanges[-1].headers["authorization"].partition("Credential=")[2].partition("/")[0]


def profiles(folder: Path, name: str, text: str) -> None:
    (folder / ".aws").mkdir(exist_ok=True)
    (folder / ".aws" / name).write_text(text)


def test_keys_stand_in_a_profile(world: World, server: FakeServer, tmp_path: Path, nobody: pytest.MonkeyPatch) -> None:
    work = "[work]\naws_access_key_id = AK2\naws_secret_access_key = s2\naws_session_token = t2\n"
    profiles(tmp_path, "credentials", f"[default]\naws_access_key_id=AK1\naws_secret_access_key=s%1\n{work}")
    profiles(tmp_path, "config", "[profile other]\naws_access_key_id=AK3\naws_secret_access_key=s3\n")
    nobody.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
    server.add_replies(*[Answer(text="Hello!")] * 4)
    for credentials, expected in ((None, "AK1"), ({"profile": "work"}, "AK2"), ({"profile": "other"}, "AK3")):
        client = bedrock(credentials)
        world.run(client, "?")
        world.close(client)
        assert signer(server) == expected
    nobody.setenv("AWS_PROFILE", "work")
    client = bedrock()
    world.stream(client, "?")
    world.close(client)
    assert signer(server) == "AK2"
    assert server.exchanges[-1].headers["x-amz-security-token"] == "t2"


def test_botocore_reads_the_same_keys_from_the_same_files(tmp_path: Path, nobody: pytest.MonkeyPatch) -> None:
    profiles(tmp_path, "credentials", "[a]\naws_access_key_id=AK1\naws_secret_access_key=s%1\naws_session_token=t\n")
    profiles(tmp_path, "config", "[profile b]\naws_access_key_id=AK3\naws_secret_access_key=s3\n")
    for profile in ("a", "b"):
        theirs = Session(profile=profile).get_credentials().get_frozen_credentials()
        ours = keys_in_files(profile, {"HOME": str(tmp_path)})
        assert (ours["access_key_id"], ours["secret_access_key"], ours.get("session_token")) == tuple(theirs)[:3]


def test_a_profile_that_runs_a_program_is_botocores(
    world: World, server: FakeServer, tmp_path: Path, nobody: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "keys.py"
    program.write_text('print(\'{"Version": 1, "AccessKeyId": "AK9", "SecretAccessKey": "s9"}\')')
    profiles(tmp_path, "config", f"[profile run]\ncredential_process = {sys.executable} {program}\n")
    server.add_replies(Answer(text="Hello!"), Answer(text="Hello!"))
    client = bedrock({"profile": "run"}, base_url=server.url)
    world.run(client, "?")
    world.run(client, "?")
    world.close(client)
    assert signer(server) == "AK9"


def test_without_botocore_the_error_says_what_it_would_bring(
    world: World, server: FakeServer, nobody: pytest.MonkeyPatch
) -> None:
    nobody.setattr(cloud_credentials, "from_botocore", lambda session, profile: {})
    nobody.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
    client = bedrock()
    with pytest.raises(ConfigurationError, match=r"AWS_BEARER_TOKEN_BEDROCK.*dhenara\[aws\]"):
        world.run(client, "?")
    world.close(client)
    assert server.exchanges == []


def test_a_missing_profile_is_reported(nobody: pytest.MonkeyPatch) -> None:
    with bedrock({"profile": "gone"}) as client, pytest.raises(ConfigurationError, match="gone"):
        client.generate("?")


def test_keys_of_this_machine_do_not_go_to_another_host(
    server: FakeServer, tmp_path: Path, nobody: pytest.MonkeyPatch
) -> None:
    profiles(tmp_path, "credentials", "[default]\naws_access_key_id=AK1\naws_secret_access_key=s1\n")
    wrong = "Credentials of this machine are sent"
    with bedrock(base_url=server.url) as client, pytest.raises(ConfigurationError, match=wrong):
        client.generate("?")
    assert server.exchanges == []


def test_a_damaged_file_shows_none_of_its_secrets(tmp_path: Path, nobody: pytest.MonkeyPatch) -> None:
    profiles(tmp_path, "credentials", "aws_secret_access_key=s1-secret\n[default\n")
    with bedrock() as client, pytest.raises(ConfigurationError, match="cannot be read") as caught:
        client.generate("?")
    assert "s1-secret" not in str(caught.value)


def test_a_profile_that_was_given_comes_before_keys_of_the_environment(
    server: FakeServer, tmp_path: Path, nobody: pytest.MonkeyPatch
) -> None:
    profiles(tmp_path, "credentials", "[work]\naws_access_key_id=AK2\naws_secret_access_key=s2\n")
    nobody.setenv("AWS_ACCESS_KEY_ID", "AK0")
    nobody.setenv("AWS_SECRET_ACCESS_KEY", "s0")
    nobody.setenv("AWS_BEARER_TOKEN_BEDROCK", "key")
    server.add_replies(Answer(text="Hello!"))
    with bedrock({"profile": "work"}, base_url=server.url) as client:
        client.generate("?")
    assert signer(server) == "AK2"


def test_keys_that_ended_early_are_read_again_from_their_file(
    world: World, server: FakeServer, tmp_path: Path, nobody: pytest.MonkeyPatch
) -> None:
    keys = "[default]\naws_access_key_id=AK{0}\naws_secret_access_key=s\naws_session_token=t{0}\n"
    expired = Raw(
        b'{"message": "The security token included in the request is expired"}',
        403,
        headers={"x-amzn-errortype": "ExpiredTokenException"},
    )
    profiles(tmp_path, "credentials", keys.format(1))
    nobody.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
    server.add_replies(Answer(text="Hello!"), expired, Answer(text="Hello!"), expired)
    client = bedrock()
    world.run(client, "?")
    profiles(tmp_path, "credentials", keys.format(2))
    assert world.run(client, "?").chat_response.text() == "Hello!"
    assert signer(server) == "AK2"
    with pytest.raises(PermissionDeniedError):
        # Nothing newer stands there now.
        world.run(client, "?", retries=0)
    world.close(client)
    assert len(server.exchanges) == 4


WORKS = "[default]\nregion = eu-west-1\ns3 =\n  max_queue_size = 9\n[profile work]\nregion=ap-northeast-1\n"


@pytest.mark.parametrize(
    ("credentials", "environment", "config", "region"),
    [
        (None, {}, {}, "eu-west-1"),
        ({"profile": "work"}, {}, {}, "ap-northeast-1"),
        (None, {"AWS_PROFILE": "work"}, {}, "ap-northeast-1"),
        (None, {"AWS_DEFAULT_PROFILE": "work"}, {}, "ap-northeast-1"),
        (None, {"AWS_PROFILE": "kept beside the keys"}, {}, "sa-east-1"),
        (None, {"AWS_PROFILE": "with spaces"}, {}, "us-west-2"),
        (None, {"AWS_CONFIG_FILE": "~/elsewhere"}, {}, "ca-central-1"),
        (None, {"AWS_PROFILE": "work", "AWS_DEFAULT_REGION": "us-east-2"}, {}, "us-east-2"),
        (None, {"AWS_REGION": "us-east-2"}, {"region": "eu-north-1"}, "eu-north-1"),
    ],
)
def test_the_region_is_that_of_the_profile_where_nobody_says_another(
    credentials: Any,
    environment: dict[str, str],
    config: dict[str, str],
    region: str,
    tmp_path: Path,
    nobody: pytest.MonkeyPatch,
) -> None:
    profiles(tmp_path, "config", f'{WORKS}[profile "with spaces"]\nregion = us-west-2\n')
    profiles(tmp_path, "credentials", '["kept beside the keys"]\nregion = sa-east-1\n[work]\naws_access_key_id = A\n')
    (tmp_path / "elsewhere").write_text("[profile default]\nregion = ca-central-1\n")
    api = AIModelAPI(provider="amazon_bedrock", credentials=credentials, config=config)
    requested = AIModelEndpoint(api=api, ai_model=AIModel(model_name="amazon.nova-lite-v1:0"))
    target = resolve(requested, {"HOME": str(tmp_path), "AWS_BEARER_TOKEN_BEDROCK": "k", **environment})
    assert target.base_url == f"https://bedrock-runtime.{region}.amazonaws.com"
    assert target.auth_context.config["region"] == region


def test_botocore_reads_the_same_regions_from_the_same_files(tmp_path: Path, nobody: pytest.MonkeyPatch) -> None:
    profiles(tmp_path, "config", f'{WORKS}[profile "with spaces"]\nregion = us-west-2\n[profile both]\nregion = a\n')
    profiles(tmp_path, "credentials", "[both]\nregion = b\n[work]\naws_access_key_id = A\naws_secret_access_key = s\n")
    for profile in ("default", "work", "with spaces", "both"):
        theirs = Session(profile=profile).get_config_variable("region")
        assert region_in_files({"profile": profile}, {}, {"HOME": str(tmp_path)}) == {"region": theirs}


def test_a_signed_request_goes_to_the_region_of_the_profile(
    world: World, server: FakeServer, tmp_path: Path, nobody: pytest.MonkeyPatch
) -> None:
    profiles(tmp_path, "config", "[default]\nregion = eu-west-3\naws_access_key_id=AK1\naws_secret_access_key=s1\n")
    nobody.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
    server.add_replies(Answer(text="Hello!"))
    client = bedrock(region=None)
    assert world.run(client, "?").chat_response.text() == "Hello!"
    world.close(client)
    assert "/eu-west-3/bedrock/aws4_request" in server.exchanges[0].headers["authorization"]


def test_without_a_region_anywhere_the_error_says_where_it_may_stand(nobody: pytest.MonkeyPatch) -> None:
    place = pytest.raises(ConfigurationError, match=r"needs region.*AWS_REGION.*~/\.aws/config")
    with bedrock({"profile": "work"}, region=None) as client, place:
        client.generate("?")


@pytest.mark.parametrize("region", ["evil.example/x", "us-east-1.evil", "../..", "a@b"])
def test_a_region_in_a_file_cannot_lead_elsewhere(region: str, tmp_path: Path, nobody: pytest.MonkeyPatch) -> None:
    profiles(tmp_path, "config", f"[default]\nregion = {region}\n")
    with bedrock(region=None) as client, pytest.raises(ConfigurationError, match="part of an address"):
        client.generate("?")
