"""AWS signatures: as AWS publishes them, and as botocore makes them."""

from __future__ import annotations

import datetime as clock
from unittest.mock import patch

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, strategies as st

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.http.protocol.message import HttpRequest
from dhenara.ai.providers.auth import AwsCredentials, sign_v4
from dhenara.ai.providers.target import resolve
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint

# The keys of AWS's published test suite; they open nothing.
EXAMPLE = AwsCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
MOMENT = clock.datetime(2015, 8, 30, 12, 36, 0, tzinfo=clock.UTC)
HOST = "https://example.amazonaws.com"
PLAIN = st.text("abcXYZ019-_~.", min_size=1, max_size=8)
LOOSE = st.text("abc %/:+=&ü", max_size=8)


@pytest.mark.parametrize(
    ("method", "path", "signature"),
    [
        ("GET", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ("GET", "/?Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    ],
)
def test_the_published_examples_are_signed_as_published(method: str, path: str, signature: str) -> None:
    signed = sign_v4(HttpRequest(method, HOST + path), EXAMPLE, "us-east-1", "service", MOMENT)
    assert signed.headers["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={signature}"
    )


@given(
    st.lists(PLAIN, max_size=3),
    st.lists(st.tuples(PLAIN, LOOSE), max_size=3),
    st.dictionaries(
        st.sampled_from(["content-type", "x-amz-meta", "accept"]), st.text("ab c;", min_size=1), max_size=2
    ),
    st.binary(max_size=50),
    st.none() | PLAIN,
)
def test_botocore_signs_the_same(
    segments: list[str], query: list[tuple[str, str]], headers: dict[str, str], body: bytes, token: str | None
) -> None:
    from urllib.parse import quote

    normalized = "&".join(f"{name}={quote(value, safe='')}" for name, value in query)
    url = f"{HOST}/model/{'/'.join(segments)}{'?' if normalized else ''}{normalized}"
    ours = sign_v4(HttpRequest("POST", url, headers, body), with_token(token), "eu-west-1", "bedrock", MOMENT)
    request = AWSRequest("POST", url, headers, body)
    signer = SigV4Auth(Credentials(EXAMPLE.access_key, EXAMPLE.secret_key, token), "bedrock", "eu-west-1")
    with patch("botocore.auth.get_current_datetime", lambda: MOMENT.replace(tzinfo=None)):
        signer.add_auth(request)
    assert ours.headers["authorization"] == request.headers["Authorization"]


def with_token(token: str | None) -> AwsCredentials:
    return AwsCredentials(EXAMPLE.access_key, EXAMPLE.secret_key, token)


def test_keys_do_not_show() -> None:
    assert "EXAMPLE" not in repr(with_token("EXAMPLE"))


def test_a_call_to_bedrock_is_signed_with_the_keys_of_the_account(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"))
    api = AIModelAPI(
        provider="amazon_bedrock",
        credentials={"access_key_id": EXAMPLE.access_key, "secret_access_key": EXAMPLE.secret_key},
        config={"region": "us-east-1", "base_url": server.url},
    )
    model = AIModel(model_name="arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude")
    with AIModelClient(AIModelEndpoint(api=api, ai_model=model)) as client:
        answer = client.generate("?").chat_response
    assert answer is not None
    requested = server.exchanges[0]
    assert requested.path.count("/") == 3
    host = server.url.removeprefix("http://")
    sent = HttpRequest(
        "POST",
        server.url + requested.path,
        {name: requested.headers[name] for name in ("content-type",)},
        requested.body,
    )
    moment = clock.datetime.strptime(requested.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=clock.UTC)
    again = sign_v4(sent, EXAMPLE, "us-east-1", "bedrock", moment)
    assert requested.headers["authorization"] == again.headers["authorization"]
    assert requested.headers["host"] == host


def test_keys_and_region_come_from_the_environment(nobody: pytest.MonkeyPatch) -> None:
    environment = {
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-west-1",
    }
    bare = AIModelEndpoint(api=AIModelAPI(provider="amazon_bedrock"), ai_model=AIModel(model_name="m"))
    target = resolve(bare, environment)
    assert target.base_url == "https://bedrock-runtime.eu-west-1.amazonaws.com"
    assert target.auth_context.credentials == {"access_key_id": "id", "secret_access_key": "secret"}
    assert resolve(bare, {**environment, "AWS_BEARER_TOKEN_BEDROCK": "key"}).auth_context.key == "key"
    nobody.setenv("AWS_REGION", "eu-west-1")
    with pytest.raises(ConfigurationError, match="AWS_BEARER_TOKEN_BEDROCK"):
        AIModelClient(bare).generate("?")
