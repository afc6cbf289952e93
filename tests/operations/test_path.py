"""The pipeline of operations other than chat: that of chat, with forms, blobs and other methods."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from dhenara.ai import AIModelClient, Provider, Route, Send, Stream, register_provider
from dhenara.ai.codecs import base
from dhenara.ai.codecs.base import EncodedRequest, Quirks, ResponseFormat
from dhenara.ai.codecs.openai_chat.response import read_error
from dhenara.ai.codecs.operations.operation import DocumentReader, OperationCodec
from dhenara.ai.errors import BadAnswerError, BadRequestError, UnsupportedError
from dhenara.ai.http.httpx2_transport import adapt_transport
from dhenara.ai.http.protocol.message import Field, FilePart, Multipart
from dhenara.ai.io.sync_io import BlockingIO, run
from dhenara.ai.pipeline.pipeline import Pipeline
from dhenara.ai.providers.provider import unregister_provider
from dhenara.ai.providers.target import resolve
from dhenara.ai.testing import FakeServer, Raw, Refusal
from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallConfig, AIModelEndpoint, Call
from dhenara.ai.types.chat.delta import Delta, ResultDelta, UsageDelta
from dhenara.ai.types.chat.report import OperationResponse
from dhenara.ai.types.chat.usage import Usage

SOON = {"retry-after-ms": "5"}
MADE = Raw(json.dumps({"said": "yes"}).encode())


class Large:
    """A file that is made as it is read, again for every attempt."""

    size = 2_000_000

    def __iter__(self) -> Iterator[bytes]:
        return iter([b"x" * 50_000] * 40)


def read(quirks: Quirks, body: Any) -> Iterator[Delta]:
    yield UsageDelta(Usage(input_tokens=3))
    yield ResultDelta(
        OperationResponse(extras=body if isinstance(body, dict) else {"kind": body.head.headers["content-type"]})
    )


REQUESTS = {
    "form": EncodedRequest(
        "/files", {}, payload=Multipart((Field("purpose", "batch"), FilePart("file", Large(), "a.bin")))
    ),
    "look": EncodedRequest("/files/1", {}, method="GET"),
    "drop": EncodedRequest("/files/1", {}, method="DELETE"),
    "blob": EncodedRequest(
        "/speech",
        {"input": "hi"},
        response_format=ResponseFormat(DocumentReader(lambda b: read(Quirks(), b)), body="blob"),
    ),
    "bytes": EncodedRequest("/listen", {}, {"content-type": "audio/wav"}, payload=b"RIFF"),
}


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A provider of our own, with one operation for every kind of request."""
    codec = OperationCodec("tried", lambda call, quirks: REQUESTS[call.operation], read, read_error)
    known = base.load_codec
    monkeypatch.setattr("dhenara.ai.providers.target.load_codec", lambda n: codec if n == "tried" else known(n))
    routes = tuple(Route("tried", Quirks(), operation=name) for name in REQUESTS)
    register_provider(Provider("tried", "http://127.0.0.1:1/v1", (), routes, needs_key=False))
    yield "tried"
    unregister_provider("tried")


def call(operation: str, url: str, **config: Any) -> Call:
    api = AIModelAPI(provider="tried", config={"base_url": url})
    endpoint = AIModelEndpoint(api=api, ai_model=AIModel(model_name="m"))
    return Call(endpoint=endpoint, messages=(), config=AIModelCallConfig(**config), operation=operation)


def perform(made: Call, io: Any = None, **layers: Any) -> OperationResponse:
    call_pipeline = Pipeline(io or BlockingIO(), resolve(made.endpoint, {}, made.operation), **layers)
    try:
        return run(call_pipeline.perform(made, OperationResponse))
    finally:
        run(call_pipeline.close())


def test_a_form_travels_whole_and_again_after_a_failure(provider: str, server: FakeServer) -> None:
    server.add_replies(Refusal(503, "later", headers=SOON), MADE)
    answer = perform(call("form", server.url))
    assert answer.extras == {"said": "yes"}
    assert [attempt.outcome for attempt in answer.attempts] == ["failed", "answered"]
    first, second = server.exchanges
    assert first.body == second.body
    assert len(first.body) == int(first.headers["content-length"]) > 2_000_000
    assert first.headers["content-type"].startswith("multipart/form-data; boundary=")


def test_a_foreign_transport_carries_forms_too(provider: str) -> None:
    seen: list[bytes] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.read())
        return httpx2.Response(200, json={"said": "yes"})

    perform(
        call("form", "http://127.0.0.1:1"), BlockingIO(adapt_transport(httpx2.MockTransport(answer), is_async=False))
    )
    assert len(seen[0]) > 2_000_000


@pytest.mark.parametrize(("operation", "method"), [("look", "GET"), ("drop", "DELETE")])
def test_a_question_without_a_body_has_none(operation: str, method: str, provider: str, server: FakeServer) -> None:
    server.add_replies(MADE)
    assert perform(call(operation, server.url)).extras == {"said": "yes"}
    requested = server.exchanges[0]
    assert (requested.method, requested.path, requested.body) == (method, "/files/1", b"")
    assert "content-type" not in requested.headers


def test_an_answer_may_be_a_blob(provider: str, server: FakeServer) -> None:
    server.add_replies(Raw(b"\xff\xfbsound", headers={"content-type": "audio/mpeg"}))
    assert perform(call("blob", server.url)).extras == {"kind": "audio/mpeg"}


def test_a_body_of_bytes_is_sent_as_it_is(provider: str, server: FakeServer) -> None:
    server.add_replies(MADE)
    perform(call("bytes", server.url))
    assert (server.exchanges[0].body, server.exchanges[0].headers["content-type"]) == (b"RIFF", "audio/wav")


def test_layers_see_an_operation_as_they_see_chat(provider: str, server: FakeServer) -> None:
    server.add_replies(MADE)
    seen: list[Any] = []

    async def layer(made: Call, send: Send) -> Stream:
        stream = await send(made)

        async def ended(stream: Stream) -> None:
            answer = stream.partial()
            seen.append((made.operation, answer.usage, answer.interrupted, stream.result()))

        stream.on_end(ended)
        return stream

    answer = perform(call("look", server.url), layers=[layer])
    [(operation, usage, interrupted, result)] = seen
    assert (operation, usage.input_tokens, interrupted) == ("look", 3, False)
    assert result.extras == answer.extras


def test_a_web_page_is_not_an_answer(provider: str, server: FakeServer) -> None:
    server.add_replies(Raw(b"<html><title>Hello</title>", headers={"content-type": "text/html"}))
    with pytest.raises(BadAnswerError, match="web page"):
        perform(call("look", server.url))


def test_unavailable_operations_are_refused_before_sending(server: FakeServer) -> None:
    api = AIModelAPI(provider="anthropic", api_key="k", config={"base_url": server.url})
    with (
        AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m"))) as client,
        pytest.raises(UnsupportedError, match="anthropic: embeddings not offered, only chat, batches, "),
    ):
        client.embed("hello")
    assert server.exchanges == []


def test_an_early_refusal_of_a_large_body_is_read_before_all_of_it_is_sent(provider: str) -> None:
    refusal = b'HTTP/1.1 413 Too Large\r\ncontent-length: 32\r\n\r\n{"error": {"message": "too big"}}'
    read = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1_000)
                connection.sendall(refusal)
                connection.shutdown(socket.SHUT_WR)
                assert read.wait(100)  # closing with unread data would reset the connection, refusal and all

        with ThreadPoolExecutor(1) as threads:
            served = threads.submit(refuse)
            try:
                with pytest.raises(BadRequestError, match="too big"):
                    perform(call("form", f"http://127.0.0.1:{listener.getsockname()[1]}", retries=0))
            finally:
                read.set()
            served.result(100)
