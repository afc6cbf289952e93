"""What is remembered by a key belongs to exactly that: structured answers, uploads, lessons, rows of bulk runs."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, field_validator

from ai_utilities import AiClient, AiSettings
from ai_utilities.batch import run_bulk
from ai_utilities.batch.journal import fingerprint_request
from ai_utilities.cache import CacheLayer, MemoryCache
from ai_utilities.files import UploadRecord
from dhenara.ai import AIModelClient, LearnedConstraints
from dhenara.ai.errors import InvalidOutputError
from dhenara.ai.testing import Answer, FakeServer, Raw, Refusal
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, FileContent, ImageContent
from support.worlds import World, endpoint

HELLO = Answer(text="Hello!")


class Number(BaseModel):
    x: int


def strict_number() -> type[BaseModel]:
    """Another class with the same schema, which accepts less."""

    class Number(BaseModel):
        x: int

        @field_validator("x")
        @classmethod
        def large(cls, value: int) -> int:
            if value < 100:
                raise ValueError("too small")
            return value

    return Number


@pytest.mark.parametrize("provider", ["openai", "anthropic", "google_ai", "amazon_bedrock", "cohere", "ollama"])
@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
def test_a_cached_structured_answer_is_an_object_of_the_type_that_this_call_wants(
    provider: str, streaming: bool, world: World
) -> None:
    config = {"region": "us-east-1"} if provider == "amazon_bedrock" else {}
    answer = Answer(text='{"x": 3}')
    with FakeServer(answer, forever=True) as server:
        client = AIModelClient(
            endpoint(server.url, provider, **config), layers=[CacheLayer(MemoryCache(), policy="always")]
        )
        ask = (lambda kind: world.stream(client, "?", structured_output=kind)[-1][1]) if streaming else (
            lambda kind: world.run(client, "?", structured_output=kind)
        )  # fmt: skip
        first, again, other = (ask(kind).chat_response for kind in (Number, Number, strict_number()))
        world.close(client)
        assert len(server.exchanges) == 1
    assert first.parsed == again.parsed == Number(x=3)
    assert type(again.parsed) is Number
    with pytest.raises(InvalidOutputError, match="too small"):
        other.structured()


def file_answer(number: int) -> Raw:
    file = {"id": f"file_{number}", "type": "file", "filename": "x", "mime_type": "application/pdf", "size_bytes": 1,
            "created_at": "2026-01-01T00:00:00Z", "downloadable": False}  # fmt: skip
    return Raw(json.dumps(file).encode())


LARGE = b"%PDF-1.7 other keys " + bytes(30_000_000)


@pytest.mark.parametrize(
    ("name", "one", "two"),
    [
        ("token", {"credentials": {"token": "tok-one"}}, {"credentials": {"token": "tok-two"}}),
        ("key", {"api_key": "sk-one"}, {"api_key": "sk-two"}),
        ("query", {"query": "?tenant=a"}, {"query": "?tenant=b"}),
        ("header", {"headers": {"x-tenant": "a"}}, {"headers": {"x-tenant": "b"}}),
    ],
)
def test_uploads_belong_to_their_account_and_address(name: str, one: dict[str, Any], two: dict[str, Any]) -> None:
    data = LARGE + name.encode()
    with FakeServer(file_answer(1), HELLO, file_answer(2), HELLO) as server:
        for given in (one, two):
            provided = dict(given)
            config = {"base_url": server.url + provided.pop("query", ""), "headers": provided.pop("headers", {})}
            who = provided or {"api_key": "sk-same"}
            api = AIModelAPI(provider="anthropic", config=config, **who)
            with AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="claude-sonnet-4-5"))) as client:
                client.generate(["?", FileContent(data=data, mime_type="application/pdf")])
        paths = [exchange.path.partition("?")[0] for exchange in server.exchanges]
    assert paths == ["/v1/files", "/v1/messages", "/v1/files", "/v1/messages"]


def test_lessons_of_one_tenant_or_protocol_are_not_those_of_another(server: FakeServer) -> None:
    refused = {"error": {"message": "Unsupported parameter: 'temperature'", "param": "temperature",
                         "type": "invalid_request_error", "code": "unsupported_parameter"}}  # fmt: skip
    server.add_replies(Refusal(400, json.dumps(refused)), HELLO, HELLO, HELLO)
    lessons, model = LearnedConstraints(), AIModel(model_name="fake-1")
    for query, protocol in (("?tenant=a", "openai_chat"), ("?tenant=b", "openai_chat"), ("", "openai_responses")):
        config = {"base_url": f"{server.url}/v1{query}", "protocol": protocol}
        api = AIModelAPI(provider="openai", api_key="k", config=config)
        with AIModelClient(AIModelEndpoint(api=api, ai_model=model), lessons=lessons) as client:
            client.generate("?", temperature=0.5)
    sent = ["temperature" in exchange.json for exchange in server.exchanges]
    assert sent == [True, False, True, True]


def test_a_file_of_lessons_of_a_former_version_is_read(tmp_path: Path, server: FakeServer) -> None:
    server.add_replies(HELLO)
    path = tmp_path / "lessons.json"
    lesson = {"field": "temperature", "action": "drop"}
    row = {"provider": "openai", "base_url": f"{server.url}/v1", "model": "fake-1", "lessons": [lesson]}
    path.write_text(json.dumps({"version": 1, "targets": [row]}))
    with AIModelClient(endpoint(server.url), lessons=LearnedConstraints(path)) as client:
        assert client.generate("?").chat_response.text() == HELLO.text


def settings(server: FakeServer, **more: Any) -> AiSettings:
    given = {"provider": "openai", "model": "fake-1", "api_key": "k", "base_url": f"{server.url}/v1", **more}
    return AiSettings(**given, _env_file=None)


@pytest.mark.parametrize("change", [{"model": "fake-2"}, {"system_prompt": "be brief"}, {"temperature": 0.1}], ids=str)
def test_rows_of_a_bulk_run_are_sent_again_with_other_settings(change: dict[str, Any], tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    with FakeServer(HELLO, Refusal(400, "no"), HELLO, HELLO, HELLO) as server:
        with AiClient(settings(server)) as client:
            run_bulk(["one", "two"], output, client=client, concurrency=1)
        with AiClient(settings(server, **change)) as client:
            report = run_bulk(["one", "two"], output, client=client, concurrency=1)
        assert len(server.exchanges) == 4
    assert report.answered == 2


def test_rows_of_a_bulk_run_are_not_sent_again_with_the_same_settings(tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    with FakeServer(HELLO, Refusal(400, "no"), HELLO) as server:
        for _ in range(2):
            with AiClient(settings(server)) as client:
                run_bulk(["one", "two"], output, client=client, concurrency=1)
        assert len(server.exchanges) == 3


def test_questions_with_other_bytes_have_other_fingerprints() -> None:
    one, two = (ImageContent(data=b"\x89PNG\r\n\x1a\n" + last, mime_type="image/png") for last in (b"1", b"2"))
    assert fingerprint_request(["?", one]) != fingerprint_request(["?", two])
    assert fingerprint_request(["?", b"1"]) != fingerprint_request(["?", b"2"])
    assert fingerprint_request(["?", {"files": [one]}]) == fingerprint_request(["?", {"files": [one.model_copy()]}])
    assert fingerprint_request(["?", Number]) != fingerprint_request(["?", Path])


def test_questions_with_functions_have_the_same_fingerprint_in_every_process() -> None:
    def tool() -> None: ...

    assert "0x" not in repr(tool.__qualname__)
    before = fingerprint_request([tool])

    def tool() -> None: ...  # type: ignore[no-redef]  # the same function, at another address

    assert fingerprint_request([tool]) == before


def test_a_locked_record_of_uploads_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ai_utilities.files.uploads.WAIT", 0.05)
    record = UploadRecord(tmp_path / "uploads.sqlite")
    record.store("a", "file-1", None)
    assert (tmp_path / "uploads.sqlite").stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(tmp_path / "uploads.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        record.store("b", "file-2", None)
        assert record.find("a") == "file-1"
        other.execute("ROLLBACK")
    assert record.find("b") is None
