"""The fake server refuses what is not a reply at once, and a missing reply fails the test."""

from __future__ import annotations

from typing import Any

import pytest

from ai_utilities import AiClient, AiSettings
from dhenara.ai import AIModelClient
from dhenara.ai.errors import BadRequestError, ConfigurationError
from dhenara.ai.testing import (
    Answer,
    CutReply,
    DialectReply,
    FakeBatches,
    FakeServer,
    FakeToolCall,
    GzippedReply,
    HangUp,
    MangledReply,
    MissingReplyError,
    Raw,
    RawStream,
    Refusal,
    SampleOperations,
)
from support.worlds import World, endpoint

MISSING = "FakeServer has no reply for request 1, POST /v1/chat/completions"

NOT_REPLIES: list[tuple[Any, str]] = [
    ("Hello", r"'Hello' is not a reply; for a text pass Answer\(text=...\)"),
    (b"{}", "is not a reply; for an exact body pass Raw"),
    ({"text": "x"}, "is not a reply; for an exact body pass Raw"),
    ([Answer(text="x")], r"pass several replies one by one: FakeServer\(\*replies\)"),
    (None, "None is not a reply"),
    (429, "429 is not a reply"),
    (Answer, "pass an instance, not the class"),
    (Raw, "pass an instance, not the class"),
    (ValueError("no"), "for an error pass Refusal"),
    (lambda request: Answer(text="x"), "is not a reply"),
    (CutReply("x", 1), "'x' is not a reply"),
    (MangledReply(None, bytes.upper), "None is not a reply"),
    (DialectReply("x"), r"DialectReply\(answer=...\) takes an Answer, not str"),
    (GzippedReply(Answer(text="x")), r"GzippedReply\(reply=...\) takes a Raw, not Answer"),
]


@pytest.mark.parametrize(("given", "message"), NOT_REPLIES, ids=map(str, range(len(NOT_REPLIES))))
def test_what_is_not_a_reply_is_refused_when_it_is_given(given: Any, message: str, server: FakeServer) -> None:
    with pytest.raises(ConfigurationError, match=message):
        FakeServer(given)
    with pytest.raises(ConfigurationError, match=message):
        server.add_replies(Answer(text="x"), given)
    assert not server._script


def test_a_program_reaches_it_through_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "mine")
    monkeypatch.setenv("OF_THE_PROGRAM", "1")
    with FakeServer() as provider:
        environment = provider.environment()
        assert environment["OPENAI_BASE_URL"] == f"{provider.url}/v1"
        assert environment["ANTHROPIC_BASE_URL"] == provider.url
        assert environment["GROQ_API_KEY"]
        assert "AWS_SESSION_TOKEN" not in environment
        assert environment["OF_THE_PROGRAM"] == "1"


def test_the_refusal_names_what_is_accepted() -> None:
    with pytest.raises(ConfigurationError, match=r"Pass Answer\(text=...\), Refusal\(429\), Raw.*steps\(request\)"):
        FakeServer("Hello")


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Answer(text=5), r"Answer\(text=...\) takes a string"),
        (lambda: Answer(text={"a": 1}), r"to answer with JSON pass json.dumps"),
        (lambda: Answer(tool_calls=FakeToolCall("x")), r"Answer\(tool_calls=...\) takes a tuple of FakeToolCall"),
        (lambda: Answer(tool_calls=("x",)), "a tuple with nothing but FakeToolCall, not str"),
        (lambda: Answer(choices=(1,)), "a tuple with nothing but str, not int"),
        (lambda: Answer(usage={"input": 1}), r"Answer\(usage=...\) takes a FakeUsage, not dict"),
        (lambda: FakeToolCall("x", "{}"), r"FakeToolCall\(arguments=...\) takes a dict, not str"),
        (lambda: Refusal("429"), r"Refusal\(status=...\) takes an HTTP status such as 429, not str"),
        (lambda: Raw("{}"), r"Raw\(body=...\) takes bytes, not str"),
        (lambda: RawStream(b"abc"), r"RawStream\(chunks=...\) takes a list of bytes, not bytes"),
        (lambda: RawStream(["a"]), "a list with nothing but bytes, not str"),
    ],
)
def test_a_reply_with_a_wrong_field_is_refused_when_it_is_built(build: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        build()


@pytest.mark.parametrize(
    "reply",
    [
        Answer(),
        Answer(tool_calls=[FakeToolCall("x")]),
        Refusal(500),
        FakeBatches(),
        SampleOperations(),
        CutReply(Answer(), 1, HangUp()),
    ],
    ids=lambda one: type(one).__name__,
)
def test_replies_are_accepted(reply: Any) -> None:
    with FakeServer(reply):
        pass


def ask_too_often(world: World, streaming: bool) -> None:
    with FakeServer() as server:
        client = AIModelClient(endpoint(server.url))
        with pytest.raises(BadRequestError, match=MISSING):
            (world.stream if streaming else world.run)(client, "hello")
        world.close(client)
        assert len(server.exchanges) == len(server.unanswered) == 1


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
def test_a_missing_reply_fails_the_call_at_once_and_the_test_at_its_end(world: World, streaming: bool) -> None:
    with pytest.raises(MissingReplyError, match=MISSING):
        ask_too_often(world, streaming)


def ask_too_many() -> None:
    with FakeServer(Answer(text="a")) as server:
        settings = AiSettings(_env_file=None, api_key="x", base_url=f"{server.url}/v1", model="m", concurrency=1)
        with AiClient(settings) as client:
            answers = client.ask_many(["one", "two"])
            assert answers[1].error is not None


def test_a_missing_reply_is_reported_although_the_program_hides_errors() -> None:
    with pytest.raises(MissingReplyError, match="request 2, POST"):
        ask_too_many()


def fail_after_a_missing_reply() -> None:
    with FakeServer() as server:
        client = AIModelClient(endpoint(server.url))
        try:
            client.generate("hello")
        except BadRequestError:
            raise ZeroDivisionError from None


def test_the_error_that_a_test_fails_with_is_not_replaced() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        fail_after_a_missing_reply()
    assert MISSING in caught.value.__notes__[0]


def test_the_check_can_be_made_in_the_middle_of_a_test(server: FakeServer) -> None:
    server.check_replies()
    with AIModelClient(endpoint(server.url)) as client, pytest.raises(BadRequestError):
        client.generate("hello")
    with pytest.raises(MissingReplyError, match=r"Add one with add_replies\(Answer\(text=...\)\)"):
        server.check_replies()
    server.unanswered.clear()
