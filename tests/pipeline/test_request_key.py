"""What is in the cache key of a request, and what is not. Keys are computed before anything is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.codecs.base import load_codec
from dhenara.ai.pipeline import request_key as module
from dhenara.ai.pipeline.authentication import AuthenticatedIO
from dhenara.ai.pipeline.request_key import (
    EncodedCall,
    RequestHasher,
    begin_digest,
    digest,
    placed_media,
    request_head,
    request_key,
)
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelCallConfig,
    AIModelEndpoint,
    Call,
    ImageContent,
    Message,
    TextContent,
    ToolCallContent,
    ToolResultContent,
)
from dhenara.ai.types.content.parts import Media

PNG = b"\x89PNG\r\n\x1a\n" + b"." * 20
ADDRESS = "http://127.0.0.1:9"


class Keys:
    """A layer that notes the keys of a call and sends nothing."""

    def __init__(self, share_accounts: bool) -> None:
        self.share_accounts = share_accounts
        self.key = ""

    def bind(self, io: Any, target: Any) -> Any:
        async def layer(call: Any, send: Any) -> Any:
            exchange = await target.exchange(call)
            self.key = await exchange.key(share_accounts=self.share_accounts)
            raise LookupError

        return layer


def at(provider: str = "openai", model: str = "fake-1", *, parameters: Any = None, **api: Any) -> AIModelEndpoint:
    config = {"base_url": ADDRESS, **api.pop("config", {})}
    fields: dict[str, Any] = {"provider": provider, "api_key": "sk-one-secret", "config": config, **api}
    return AIModelEndpoint(api=AIModelAPI(**fields), ai_model=AIModel(model_name=model, parameters=parameters or {}))


def key(to: AIModelEndpoint | None = None, prompt: Any = "?", *, share: bool = False, **options: Any) -> str:
    layer = Keys(share)
    with AIModelClient(to or at(), layers=[layer]) as client, pytest.raises(LookupError):
        client.generate(prompt, **options)
    return layer.key


# When one encoding serves again


ENCODED = Call(
    endpoint=at(),
    config=AIModelCallConfig(),
    messages=(Message(role="user", contents=[TextContent(text="?")]),),
    instructions=("a",),
)
TARGET, OTHER_TARGET, CONSTRAINTS = object(), object(), (object(),)
CHANGES: list[dict[str, Any]] = [
    {"messages": (*ENCODED.messages,) * 2},
    {"config": AIModelCallConfig(temperature=0.5)},
    {"endpoint": at(model="fake-2")},
    {"instructions": ("b",)},
    {"operation": "count_tokens"},
    {"request": object()},
]


def test_an_encoding_holds_for_its_call_whatever_is_noted_about_it() -> None:
    encoded = EncodedCall(ENCODED, ENCODED, object(), TARGET, CONSTRAINTS)  # type: ignore[arg-type]  # compared only
    later = replace(ENCODED, deadline=5.0, deployment="second")
    assert encoded.holds_for(later, TARGET, tuple(CONSTRAINTS)) is True  # type: ignore[arg-type]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_an_encoding_does_not_hold_for_a_call_that_is_written_otherwise(change: dict[str, Any]) -> None:
    encoded = EncodedCall(ENCODED, ENCODED, object(), TARGET, CONSTRAINTS)  # type: ignore[arg-type]  # compared only
    assert not encoded.holds_for(replace(ENCODED, **change), TARGET, CONSTRAINTS)  # type: ignore[arg-type]


def test_an_encoding_holds_for_its_target_and_what_was_learned_about_it() -> None:
    encoded = EncodedCall(ENCODED, ENCODED, object(), TARGET, CONSTRAINTS)  # type: ignore[arg-type]  # compared only
    assert not encoded.holds_for(ENCODED, OTHER_TARGET, CONSTRAINTS)  # type: ignore[arg-type]
    assert not encoded.holds_for(ENCODED, TARGET, ())  # type: ignore[arg-type]


# What separates entries


def test_a_key_is_a_sha_256_and_the_same_for_the_same_request() -> None:
    assert len(bytes.fromhex(key())) == 32
    assert key() == key(at())


@pytest.mark.parametrize(
    "other",
    [
        lambda: key(prompt="!"),
        lambda: key(at(model="fake-2")),
        lambda: key(at("groq")),
        lambda: key(at(config={"base_url": ADDRESS + "/v2"})),
        lambda: key(at(config={"headers": {"x-tenant": "a"}})),
        lambda: key(at(api_key="sk-two-secret")),
        lambda: key(temperature=0.5),
        lambda: key(headers={"baggage": "tenant=a"}),
        lambda: key(share=True),
    ],
)
def test_whatever_changes_what_is_sent_changes_the_key(other: Callable[[], str]) -> None:
    assert other() != key()


def test_a_header_counts_by_name_and_value() -> None:
    actual = [key(headers=headers) for headers in ({"x-a": "1"}, {"x-a": "2"}, {"x-b": "1"}, {"x-a": "1", "x-b": "1"})]
    assert len({*actual, key()}) == 5
    assert key(headers={"x-a": "1", "x-b": "2"}) == key(headers={"x-b": "2", "x-a": "1"})


@pytest.mark.parametrize(
    "name",
    ["idempotency-key", "traceparent", "tracestate", "x-request-id", "x-client-request-id", "request-id"],
)
def test_ids_of_one_sending_are_left_out_unless_the_endpoint_sets_them(name: str) -> None:
    assert key(headers={name: "1"}) == key(headers={name: "2"}) == key()
    assert key(at(config={"headers": {name: "1"}})) != key(at(config={"headers": {name: "2"}}))


# Accounts


def test_accounts_may_be_shared() -> None:
    one, two = at(), at(api_key="sk-two-secret")
    assert key(one, share=True) == key(two, share=True)
    assert key(one) != key(two)


@pytest.mark.parametrize("name", ["authorization", "x-api-key", "api-key", "x-goog-api-key"])
def test_headers_with_credentials_count_unless_accounts_are_shared(name: str) -> None:
    def keys(share: bool) -> set[str]:
        return {key(headers={name: value}, share=share) for value in ("one", "two")}

    assert len(keys(share=True)) == 1
    # The header of the endpoint's own key replaces the one of the call.
    assert len(keys(share=False)) == (1 if name == "authorization" else 2)


def test_the_region_counts_where_a_signature_names_it() -> None:
    credentials = {"access_key_id": "AKIAONE", "secret_access_key": "secret-one"}

    def keys(**api: Any) -> set[str]:
        return {
            key(at("amazon_bedrock", "amazon.nova-pro-v1:0", config={"region": region}, **api))
            for region in ("us-east-1", "eu-west-1")
        }

    assert len(keys(api_key=None, credentials=credentials)) == 2
    assert len(keys()) == 1
    assert key(at("ollama", api_key=None, config={"region": "a"})) == key(at("ollama", api_key=None))


def test_tokens_of_a_function_separate_accounts() -> None:
    one, two = (at(api_key=None, credentials={"token": lambda t=t: t}) for t in ("token-of-one", "token-of-two"))
    assert key(one) != key(two)
    assert key(one, share=True) == key(two, share=True)


# Streamed and whole requests


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "fake-1"),
        ("anthropic", "claude-sonnet-4-5"),
        ("google_ai", "gemini-2.5-flash"),
        ("ollama", "qwen"),
        ("cohere", "command-r"),
        ("groq", "fake-1"),
        ("amazon_bedrock", "amazon.nova-pro-v1:0"),
    ],
)
def test_streaming_and_non_streaming_requests_share_a_key(provider: str, model: str) -> None:
    to = at(provider, model)
    assert key(to, streaming=True) == key(to) == key(to, streaming=False)
    assert key(to, "!", streaming=True) != key(to)


def test_a_field_set_by_the_caller_counts_in_non_streaming_requests() -> None:
    plain = key(at("groq"))
    assert key(at("groq"), options={"stream_options": {"include_usage": True}}) != plain
    assert key(at("groq", parameters={"stream_options": {"include_usage": True}})) != plain
    odd = {"stream_options": {"include_usage": True, "other": 1}}
    assert key(at("groq"), options=odd, streaming=True) != key(at("groq"), streaming=True)


def test_a_codec_that_cannot_name_its_stream_fields_is_encoded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    codec = type(load_codec("openai_chat"))
    encode, streamed = codec.encode, list[bool]()

    def unnamed(self: Any, call: Call, quirks: Any) -> Any:
        streamed.append(call.config.streaming)
        return replace(encode(self, call, quirks), stream_fields=None)

    monkeypatch.setattr(codec, "encode", unnamed)
    whole = key(at("groq"))
    assert streamed == [False]
    assert key(at("groq"), streaming=True) == whole
    assert streamed == [False, True, False]


# The digest


BODY = b"body"


def call(*messages: Message) -> Call:
    return Call(endpoint=at(), messages=messages, config=AIModelCallConfig())


def image(data: bytes = PNG, **fields: Any) -> ImageContent:
    return ImageContent(data=data, mime_type="image/png", **fields)


def user(*parts: Any) -> Message:
    return Message(role="user", contents=[*parts])


def hashed(head: list[str], body: Any, of: Call, uploads: Any) -> str:
    return digest(begin_digest(head), body, of, uploads)


def test_what_requests_have_in_common_is_hashed_once_and_counts_each_time() -> None:
    hasher, heads = RequestHasher(), list[str]()

    def key_of(part: str) -> str:
        def head() -> list[str]:
            heads.append(part)
            return [part]

        return digest(hasher.begin((part,), head), BODY, call(), ())

    first, again, other = map(key_of, "aab")
    assert heads == ["a", "b"]
    assert first == again == hashed(["a"], BODY, call(), ())
    assert other == hashed(["b"], BODY, call(), ()) != first


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"headers": {"x-a": "1"}},
        {"headers": {"x-a": "2"}},
        {"headers": {"authorization": "other"}},
        {"headers": {"x-a": "1", "X-A": "3"}},
        {"headers": {"X-A": "3", "x-a": "1"}},
    ],
)
@pytest.mark.parametrize("share", [False, True])
def test_a_key_does_not_depend_on_the_request_before(change: dict[str, Any], share: bool) -> None:
    layer = Keys(share)
    with AIModelClient(at(), layers=[layer]) as client:
        upper = {"headers": {"X-A": "3", "x-a": "1"}}
        for before in ({"headers": {"x-a": "1"}}, {"headers": {"x-b": "1"}}, {}, upper, change):
            options: dict[str, Any] = before
            with pytest.raises(LookupError):
                client.generate("?", **options)
    assert layer.key == key(share=share, **change)


def test_a_key_follows_headers_that_a_program_changes_between_two_calls() -> None:
    layer, config = Keys(False), AIModelCallConfig(headers={"x-a": "1"})
    with AIModelClient(at(), layers=[layer]) as client:
        for value in ("1", "2", "1"):
            config.headers["x-a"] = value  # type: ignore[index]  # a mapping that is a dict
            with pytest.raises(LookupError):
                client.generate("?", config=config)
            assert layer.key == key(headers={"x-a": value})


def test_a_request_is_not_built_for_its_key_and_serialized_once_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Any] = []
    encode = module.encode_body

    def noted(encoded: Any) -> Any:
        written.append(encoded)
        return encode(encoded)

    monkeypatch.setattr(module, "encode_body", noted)

    class Sent(Keys):
        def bind(self, io: Any, target: Any) -> Any:
            async def layer(call: Any, send: Any) -> Any:
                exchange = await target.exchange(call)
                self.key = await exchange.key()
                assert exchange.encoded.request is None
                assert exchange.encoded.unsigned().body == exchange.encoded.content()[1]
                raise LookupError

            return layer

    with AIModelClient(at(), layers=[Sent(False)]) as client, pytest.raises(LookupError):
        client.generate("?")
    assert len(written) == 1


def test_parts_are_hashed_with_their_number_and_lengths() -> None:
    expected = hashlib.sha256(b"1:2" + b"1:a" + b"2:bc" + b"4:body").hexdigest()
    assert hashed(["a", "bc"], BODY, call(), ()) == expected
    assert hashed(["ab", "c"], BODY, call(), ()) != expected
    assert hashed(["\ud800"], BODY, call(), ()) == hashlib.sha256(b"1:1" + b"3:\xed\xa0\x80" + b"4:body").hexdigest()


def test_a_body_of_pieces_is_hashed_piece_by_piece() -> None:
    assert hashed([], [b"a", b"b"], call(), ()) == hashlib.sha256(b"1:0" + b"ab").hexdigest()


def test_uploaded_media_count_by_place_facts_and_content() -> None:
    one = image()
    actual = hashed(["a"], BODY, call(user(one)), [one])
    assert actual == hashed(["a"], BODY, call(user(same := image())), [same])
    for other, parts in (
        (moved := image(), (TextContent(text="t"), moved)),
        (changed := image(PNG + b"x"), (changed,)),
        (detailed := image(detail="low"), (detailed,)),
    ):
        assert hashed(["a"], BODY, call(user(*parts)), [other]) != actual
    assert hashed(["a"], BODY, call(user(one)), ()) != actual
    address = ImageContent(url="https://example.org/a.png")
    assert hashed([], BODY, call(user(address)), [address]) != hashed([], BODY, call(user(address)), ())


def test_media_are_matched_by_identity_in_messages_and_tool_results() -> None:
    first, second, third = image(), image(), image()
    result = ToolResultContent(call_id="c", contents=[TextContent(text="t"), second])
    requested = call(
        user(TextContent(text="t"), first, third),
        Message(role="assistant", contents=[ToolCallContent(id="c", name="f", arguments={})]),
        Message(role="tool", contents=[ToolResultContent(call_id="d"), result]),
    )

    def places(*wanted: Media) -> list[tuple[list[int], bool]]:
        return [(place, part in wanted) for place, part in placed_media(requested, wanted)]

    held = requested.messages[2].contents[1]
    assert isinstance(held, ToolResultContent)
    inside = held.contents[1]
    assert isinstance(inside, ImageContent)
    outside = requested.messages[0].contents[1]
    assert isinstance(outside, ImageContent)
    assert places(outside, inside) == [([0, 1], True), ([2, 1, 1], True)]
    assert places(inside) == [([2, 1, 1], True)]
    assert places() == places(image()) == []


class Recorder:
    """The part of IO that keys of known accounts use; notes what would run outside the event loop."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    async def call(self, function: Any, *args: Any) -> Any:
        self.calls.append(function)
        return function(*args)


@pytest.mark.parametrize(
    ("prompt", "outside"),
    [("x", False), ("x" * 900_000, False), ("x" * 1_000_000, True), ([image(), "?"], False)],
    ids=["small", "below", "above", "image"],
)
def test_large_bodies_are_hashed_outside_the_event_loop(prompt: Any, outside: bool) -> None:
    recorder, seen = Recorder(), list[str]()

    class Recorded(Keys):
        def bind(self, io: Any, target: Any) -> Any:
            async def layer(call: Any, send: Any) -> Any:
                actual = await target.exchange(call)
                encode = actual.encoder.builder.write
                hasher, io = RequestHasher(), cast("Any", recorder)
                seen.append(await request_key(actual.call, actual.encoded, io, encode, hasher, share_accounts=False))
                raise LookupError

            return layer

    with AIModelClient(at(), layers=[Recorded(False)]) as client, pytest.raises(LookupError):
        client.generate(prompt)
    assert (recorder.calls == [digest]) == outside
    assert seen == [key(prompt=prompt)]


def test_the_key_is_made_of_where_and_what_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    heads: list[list[str]] = []

    def noted(*args: Any) -> list[str]:
        heads.append(request_head(*args))
        return heads[-1]

    monkeypatch.setattr(module, "request_head", noted)
    key(at("groq"), headers={"x-b": "2", "x-a": "1", "traceparent": "t"}, share=True)
    facts, headers = heads[0][:10], heads[0][10:]
    url = f"{ADDRESS}/chat/completions"
    assert facts == [module.KEY_VERSION, "groq", "fake-1", "openai_chat", "chat", "", "", "", "POST", url]
    names = headers[::2]
    assert names == sorted(names)
    assert (headers[names.index("x-a") * 2 + 1], headers[names.index("x-b") * 2 + 1]) == ("1", "2")
    assert not {"traceparent", "authorization"} & {*names}
    key(at("groq", api_key="sk-two-secret"))
    assert heads[1][5]
    assert "sk-two-secret" not in heads[1]


def test_an_account_that_is_known_needs_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    async def token(self: Any, policy: Any) -> Any:
        raise AssertionError("a token was fetched")

    monkeypatch.setattr(AuthenticatedIO, "token", token)
    credentials = {"access_key_id": "AKIAONE", "secret_access_key": "secret-one"}
    to = at("amazon_bedrock", "amazon.nova-pro-v1:0", api_key=None, credentials=credentials, config={"region": "r"})
    assert key(to) != key(at("amazon_bedrock", "amazon.nova-pro-v1:0", config={"region": "r"}))
    application = {"tenant_id": "t", "client_id": "c", "client_secret": "secret-two"}
    assert key(at("microsoft_openai", api_key=None, credentials=application))


def test_the_file_of_a_model_in_this_process_counts_by_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = AIModelEndpoint(api=AIModelAPI(provider="local"), ai_model=AIModel(model_name="smollm2-135m"))
    actual = []
    for name, data in (("one", b"a"), ("two", b"ab")):
        path = tmp_path / f"{name}.gguf"
        path.write_bytes(data)
        monkeypatch.setenv("DHENARA_LOCAL_MODEL", str(path))
        actual += [key(to), key(to)]
    assert actual[0] == actual[1] != actual[2] == actual[3]
