"""Whatever a giver of tokens answers, it comes to a proof or to one of our errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from dhenara.ai.errors import AuthenticationError, ConfigurationError, DhenaraError, ServerError
from dhenara.ai.http.protocol.message import Head, HttpRequest
from dhenara.ai.io.sync_io import run
from dhenara.ai.providers.auth import Token, TokenSource
from dhenara.ai.providers.cloud_credentials import client_secret_source
from dhenara.ai.providers.google_tokens import from_info
from support.calls import JSON

USER = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r"}
SUBJECT = {"url": "https://elsewhere.example", "format": {"type": "json", "subject_token_field_name": "id"}}
SOURCES: dict[str, TokenSource] = {
    "user": from_info(USER),
    "acting": from_info(
        {
            "type": "impersonated_service_account",
            "source_credentials": USER,
            "service_account_impersonation_url": "https://iam.example",
        }
    ),
    "exchanged": from_info(
        {
            "type": "external_account",
            "audience": "a",
            "subject_token_type": "t",
            "credential_source": SUBJECT,
        }
    ),
    "application": client_secret_source({"tenant_id": "t", "client_id": "c", "client_secret": "s"}, "scope"),
}
NAMES = st.sampled_from(["access_token", "expires_in", "accessToken", "expireTime", "error", "error_description", "id"])
BODIES = st.binary(max_size=20) | st.dictionaries(NAMES, JSON, max_size=4).map(
    lambda reported: json.dumps(reported).encode()
)


class Scripted:
    """A world in which every request is answered alike."""

    def __init__(self, status: int, body: bytes) -> None:
        self.answer = (status, body)
        self.requested: list[HttpRequest] = []

    async def open(self, request: HttpRequest, timeouts: Any) -> Any:
        self.requested.append(request)
        return Answered(*self.answer)

    async def call(self, function: Callable[..., Any], *args: Any) -> Any:
        return function(*args)

    def time(self) -> float:
        return 1_000.0


class Answered:
    def __init__(self, status: int, body: bytes) -> None:
        self.head = Head(status)
        self._body = [body, b""]

    async def read(self) -> bytes:
        return self._body.pop(0) if self._body[0] else b""

    async def close(self) -> None:
        pass


def fetch(source: TokenSource, io: Any) -> Token:
    timeouts: Any = None
    return run(source(io, timeouts))


@given(st.sampled_from(sorted(SOURCES)), st.sampled_from([200, 201, 302, 400, 401, 403, 404, 429, 500, 503]), BODIES)
def test_every_answer_is_a_proof_or_an_error_of_ours(name: str, status: int, body: bytes) -> None:
    try:
        proof = fetch(SOURCES[name], Scripted(status, body))
    except DhenaraError:
        return
    assert status < 300
    assert proof.token
    assert proof.token.isascii()
    assert " " not in proof.token


@pytest.mark.parametrize(
    ("status", "kind"), [(400, AuthenticationError), (403, AuthenticationError), (429, ServerError), (503, ServerError)]
)
def test_what_may_pass_is_tried_again_and_what_will_not_is_not(status: int, kind: type[Exception]) -> None:
    with pytest.raises(DhenaraError) as caught:
        fetch(SOURCES["user"], Scripted(status, b"{}"))
    assert getattr(caught.value, "retriable", None) == (kind is ServerError)


def test_a_token_to_exchange_may_come_from_an_address() -> None:
    io = Scripted(200, b'{"id": "eyJ.there", "access_token": "ya29", "expires_in": 60}')
    assert fetch(SOURCES["exchanged"], io).token == "ya29"
    assert [request.method for request in io.requested] == ["GET", "POST"]
    assert b"subject_token=eyJ.there" in io.requested[1].body


def test_a_missing_token_to_exchange_is_reported(tmp_path: Any) -> None:
    where = {"file": str(tmp_path / "gone")}
    info = {"type": "external_account", "audience": "a", "subject_token_type": "t", "credential_source": where}
    with pytest.raises(ConfigurationError, match="gone"):
        fetch(from_info(info), Scripted(200, b"{}"))


def test_a_token_is_good_for_as_long_as_its_giver_says() -> None:
    assert fetch(SOURCES["user"], Scripted(200, b'{"access_token": "t", "expires_in": 60}')).good_until == 1_060
    assert fetch(SOURCES["user"], Scripted(200, b'{"access_token": "t"}')).good_until == 4_600
