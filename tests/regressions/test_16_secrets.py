"""Whatever is configured as a secret shows neither in dumps and reprs nor in anything that a server echoes."""

from __future__ import annotations

import base64
import copy
import json
import logging
import pickle
import re
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest

from ai_utilities import AiClient, AiSettings
from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallError, ConfigurationError, FetchError
from dhenara.ai.http.protocol.message import HttpRequest
from dhenara.ai.providers.target import resolve
from dhenara.ai.testing import Answer, DialectReply, FakeServer
from dhenara.ai.testing.answer import Raw, ReceivedRequest, Send, Step
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelCallConfig,
    AIModelEndpoint,
    Fetching,
    ImageContent,
    Message,
)
from support.worlds import Blocking, World

KEY = "sk-Live/0+secret=Key"
HEADER = "tenant-blue-7351"
QUERY = "query/value+42"
ENTRY = "entry-password-9"
CALL = "per call: header!"
COOKIE = "session=cookie-crumb-5"
SECRETS = [KEY, HEADER, QUERY, ENTRY, CALL, "cookie-crumb-5"]
JSON, SSE = "application/json", "text/event-stream"
SUFFIX = {"openai": "/v1", "google_ai": "/v1beta"}


def api(url: str, provider: str = "openai") -> AIModelAPI:
    config = {
        "base_url": f"{url}{SUFFIX.get(provider, '')}?tenant={quote(QUERY, safe='')}",
        "headers": {"X-Tenant": HEADER, "Cookie": COOKIE},
        "admin_password": ENTRY,
    }
    return AIModelAPI(provider=provider, api_key=KEY, config=config)


def endpoint(url: str, provider: str = "openai") -> AIModelEndpoint:
    return AIModelEndpoint(api=api(url, provider), ai_model=AIModel(model_name="fake-1"))


def config(**fields: Any) -> AIModelCallConfig:
    return AIModelCallConfig(headers={"X-Call": CALL}, retries=0, **fields)


def leaked(*shown: object) -> list[str]:
    texts = [one if isinstance(one, str) else repr(one) for one in shown]
    return [secret for secret in (*SECRETS, quote(QUERY, safe="")) for text in texts if secret in text]


def dumps(value: Any) -> list[object]:
    return [repr(value), str(value), value.model_dump(), value.model_dump(mode="json"), value.model_dump_json()]


def test_dumps_and_reprs_mask_everything_that_is_configured() -> None:
    made = endpoint("http://127.0.0.1:1")
    assert leaked(*dumps(made), *dumps(made.api), *dumps(config())) == []
    assert leaked(json.dumps(made.model_dump(mode="json"))) == []
    assert leaked(*dumps(made.model_copy(update={"reference": "x"}))) == []


def test_what_skips_validation_is_masked_in_dumps_too() -> None:
    made = config().model_copy(update={"headers": {"x-call": CALL}})
    other = api("http://h").model_copy(update={"config": {"headers": {"x": HEADER}, "base_url": f"http://h?a={ENTRY}"}})
    assert leaked(*dumps(made), other.model_dump(), other.model_dump_json(), repr(other)) == []


def test_the_values_themselves_can_be_had_on_purpose() -> None:
    made = api("http://127.0.0.1:1")
    plain = made.reveal_config()
    assert plain["headers"] == {"X-Tenant": HEADER, "Cookie": COOKIE}
    assert type(plain["headers"]["X-Tenant"]) is type(plain["base_url"]) is type(plain["admin_password"]) is str
    assert HEADER in repr(plain)
    assert config().reveal_headers() == {"X-Call": CALL}
    assert CALL in repr(config().reveal_headers())
    given = AIModelAPI(provider="amazon_bedrock", credentials={"secret_access_key": KEY}).credentials
    assert given is not None
    assert given.reveal() == {"secret_access_key": KEY}
    assert KEY in repr(given.reveal())


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])  # noqa: S301
def test_copies_and_pickles_keep_the_secrets(copied: Callable[[Any], Any], server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"))
    client = AIModelClient(copied(endpoint(server.url)), copied(config()))
    client.generate("?")
    sent = server.exchanges[0].headers
    assert (sent["x-tenant"], sent["x-call"], sent["authorization"]) == (HEADER, CALL, f"Bearer {KEY}")
    assert leaked(*dumps(copied(endpoint(server.url)))) == []


@pytest.mark.parametrize("mode", ["python", "json"])
def test_headers_that_a_dump_masked_are_not_sent(mode: str, server: FakeServer) -> None:
    saved = api(server.url).model_copy(update={"config": {"headers": {"x-tenant": HEADER}}}).model_dump(mode=mode)
    again = AIModelAPI.model_validate({**saved, "api_key": KEY})
    client = AIModelClient(AIModelEndpoint(api=again, ai_model=AIModel(model_name="m")))
    with pytest.raises(ConfigurationError, match="masked when it was saved"):
        client.generate("?")


def test_an_address_that_a_dump_masked_is_not_used(server: FakeServer) -> None:
    again = AIModelAPI.model_validate({**api(server.url).model_dump(), "api_key": KEY, "config": {
        "base_url": api(server.url).model_dump()["config"]["base_url"]}})  # fmt: skip
    with pytest.raises(ConfigurationError, match="masked when it was saved"):
        AIModelClient(AIModelEndpoint(api=again, ai_model=AIModel(model_name="m"))).generate("?")


def swapped(text: str) -> str:
    return text.swapcase()


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "percent": lambda text: quote(text, safe=""),
    "percent, all": lambda text: "".join(f"%{ord(letter):02X}" for letter in text),
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "json": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    "json twice": lambda text: "".join(f"\\\\u{ord(letter):04X}" for letter in text),
    "slashes": lambda text: text.replace("/", "\\/"),
    "html": lambda text: "".join(f"&#x{ord(letter):x};" for letter in text),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 of more": lambda text: base64.b64encode(f"Bearer {text}, and so on".encode()).decode(),
    "base64 for urls": lambda text: base64.urlsafe_b64encode(f"k:{text}".encode()).decode().rstrip("="),
    "hex": lambda text: text.encode().hex(),
    "upper": str.upper,
    "lower": str.lower,
    "swapped": swapped,
    "percent, lower": lambda text: quote(text, safe="").lower(),
    "cut": lambda text: text[:-3],
}


def echoes(form: Callable[[str], str]) -> str:
    return " | ".join(form(secret) for secret in SECRETS)


@dataclass
class Echo:
    """Repeats everything in its body and its headers."""

    words: str
    status: int
    kind: str = JSON
    make: Callable[[str], bytes] = str.encode

    def steps(self, requested: ReceivedRequest) -> Iterator[Step]:
        words = self.words.replace("\n", " ")
        echo = {"content-type": self.kind, "x-request-id": words, "location": f"http://x/?{words}", "x-echo": words}
        yield from Raw(self.make(self.words), self.status, echo).steps(requested)


def error_body(words: str) -> bytes:
    # Already escaped for JSON where the form is one of JSON's.
    return b'{"error": {"message": "no: ' + words.encode() + b'", "type": "t", "code": "' + words.encode() + b'"}}'


def error_event(words: str) -> bytes:
    return b"event: error\ndata: " + error_body(words) + b"\n\n"


def page(words: str) -> bytes:
    return f"<html><title>{words}</title></html>".encode()


def not_json(words: str) -> bytes:
    return f"no JSON: {words}".encode()


SHAPES = [
    (401, JSON, error_body),
    (500, JSON, error_body),
    (302, JSON, error_body),
    (200, JSON, error_body),
    (200, JSON, not_json),
    (403, "text/html", page),
    (200, SSE, error_event),
]
Shape = tuple[int, str, Callable[[str], bytes]]


def forms_and_shapes(world: World, provider: str) -> Iterator[tuple[str, Shape]]:
    """Each form in each shape, once; elsewhere each form and each shape.

    Forms are masked by the same code at every provider, and loops run the same code with other sockets.
    """
    everything = isinstance(world, Blocking) and provider == "openai"
    for number, name in enumerate(FORMS):
        for shape in SHAPES if everything else [SHAPES[number % len(SHAPES)]]:
            yield name, shape


@pytest.mark.parametrize("provider", ["openai", "anthropic", "google_ai", "cohere", "ollama"])
@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
def test_no_error_repeats_what_was_configured(
    streaming: bool, provider: str, world: World, server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name, (status, kind, make) in forms_and_shapes(world, provider):
        form = FORMS[name]
        server.add_replies(Echo(echoes(form), status, kind, make))
        client = AIModelClient(endpoint(server.url, provider), config())
        with pytest.raises(CallError) as raised:
            world.stream(client, "?") if streaming else world.run(client, "?")
        error = raised.value
        shown = [str(error), repr(error), repr(vars(error)), "".join(traceback.format_exception(error))]
        shown += [pickle.dumps(error).decode("latin-1"), *(one.model_dump_json() for one in error.attempts)]
        # A text of several words is masked as a whole only.
        given = [secret for secret in SECRETS if name != "cut" or secret != CALL]
        reported = [word for secret in given for word in (form(secret), secret) if any(word in one for one in shown)]
        assert (name, status, kind, reported) == (name, status, kind, [])
    assert leaked(caplog.text) == []


@pytest.mark.parametrize("name", FORMS)
def test_no_answer_keeps_secrets_of_the_head(name: str, world: World, server: FakeServer) -> None:
    words = echoes(FORMS[name])
    server.add_replies(DialectReply(Answer(text="Hello!"), headers={"x-echo": words, "x-request-id": words}))
    answer = world.run(AIModelClient(endpoint(server.url), config()), "?")
    shown = answer.model_dump_json() + repr(answer)
    assert [secret for secret in SECRETS if FORMS[name](secret) in shown or secret in shown] == [CALL] * (name == "cut")
    assert answer.chat_response.text() == "Hello!"


def test_a_broken_stream_is_reported_without_secrets(world: World, server: FakeServer) -> None:
    provided = json.dumps({"choices": [{"index": 0, "delta": {"content": "Hi"}}]}).encode()
    for name, form in FORMS.items():
        server.add_replies(Raw(b"data: " + provided + b"\n\n" + error_event(echoes(form)), 200, {"content-type": SSE}))
        reported = world.stream(AIModelClient(endpoint(server.url), config()), "?")
        assert reported[-1][1].chat_response.interrupted
        assert (name, leaked(reported)) == (name, [])


@pytest.mark.parametrize("start", [b"HTTP/9 ", b"no HTTP: ", b"HTTP/1.1 200 OK\r\nx y: ", b"HTTP/1.1 abc "])
def test_an_echo_instead_of_http_shows_no_secret(start: bytes, world: World, server: FakeServer) -> None:
    @dataclass
    class Nonsense:
        def steps(self, requested: ReceivedRequest) -> Iterator[Step]:
            yield Send(start + echoes(str).encode() + b"\r\n\r\n")

    server.add_replies(Nonsense())
    with pytest.raises(CallError) as raised:
        world.run(AIModelClient(endpoint(server.url), config()), "?")
    assert leaked("".join(traceback.format_exception(raised.value)), vars(raised.value)) == []


def test_signatures_of_aws_and_all_they_are_made_of_are_redacted(world: World, server: FakeServer) -> None:
    keys = {"access_key_id": "AKIAEXAMPLE000001", "secret_access_key": "wJalr/Secret+0", "session_token": "Fwo-token/1"}
    made = AIModelAPI(
        provider="amazon_bedrock", credentials=keys, config={"region": "us-east-1", "base_url": server.url}
    )

    @dataclass
    class Repeats:
        def steps(self, requested: ReceivedRequest) -> Iterator[Step]:
            words = " ".join(
                [requested.headers["authorization"], requested.headers["x-amz-security-token"], *keys.values()]
            )
            yield from Raw(error_body(words), 403, {"content-type": JSON, "x-echo": words}).steps(requested)

    server.add_replies(Repeats())
    client = AIModelClient(AIModelEndpoint(api=made, ai_model=AIModel(model_name="amazon.nova-lite-v1:0")))
    with pytest.raises(CallError) as raised:
        world.run(client, "?", retries=0)
    sent = server.exchanges[0].headers["authorization"]
    shown = repr(vars(raised.value)) + str(raised.value) + "".join(a.model_dump_json() for a in raised.value.attempts)
    assert [one for one in (*keys.values(), sent.rpartition("=")[2]) if one in shown] == []
    assert "us-east-1" in shown


def test_words_that_are_no_secrets_stay_readable(server: FakeServer) -> None:
    server.add_replies(
        Raw(error_body("the model fake-1 of tenant-x is not in api.example.com"), 404, {"content-type": JSON})
    )
    with pytest.raises(CallError, match=re.escape("the model fake-1 of tenant-x is not in api.example.com")):
        AIModelClient(endpoint(server.url), config()).generate("?")


def test_settings_and_clients_of_the_kit_show_no_secret() -> None:
    settings = AiSettings(
        provider="openai",
        api_key=KEY,
        model="m",
        base_url=f"http://127.0.0.1:9/v1?tenant={HEADER}",
        extra_headers={"X-Call": CALL},
        provider_config={"headers": {"x-other": QUERY}, "admin_password": ENTRY},
        redis_url="redis://user:cookie-crumb-5@127.0.0.1/0",
    )
    client = AiClient(settings)
    copied = settings.model_copy(update={"base_url": f"http://127.0.0.1:9/v1?tenant={QUERY}"})
    explained = client.explain()
    shown = [*dumps(settings), *dumps(copied), repr(vars(client)), repr(vars(client.provider)), str(explained)]
    assert leaked(*shown, repr(explained), json.dumps(explained.to_dict())) == []


def test_requests_and_targets_show_no_secret() -> None:
    target = resolve(endpoint("http://127.0.0.1:9"), {})
    request = HttpRequest("GET", f"http://127.0.0.1:9/?a={HEADER}", {"x": KEY}, b"body")
    assert leaked(target, target.auth_context, request, [request]) == []


def test_queries_of_media_that_cannot_be_fetched_are_masked(world: World, server: FakeServer) -> None:
    """The addresses that storage services sign are as good as a key."""
    url = f"http://127.0.0.1:1/cat.png?X-Amz-Signature={HEADER}"
    message = Message(role="user", contents=[ImageContent.from_url(url)])
    client = AIModelClient(endpoint(server.url, "google_ai"))
    for fetching in (Fetching(), Fetching(private=True), Fetching(allowed=False)):
        with pytest.raises(FetchError) as raised:
            world.run(client, messages=[message], fetching=fetching, retries=0)
        assert leaked(str(raised.value), repr(raised.value)) == []
    world.close(client)
