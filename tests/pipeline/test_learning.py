"""Learning: a refused field is left out, renamed or changed, the call succeeds, and the lesson stays."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from dhenara.ai import AIModelClient, LearnedConstraints, Send, Stream
from dhenara.ai.catalog.parameter_refusals import read_lessons
from dhenara.ai.codecs.base import load_codec
from dhenara.ai.errors import BadRequestError, ConfigurationError, ContextLengthError
from dhenara.ai.http.protocol.message import Head
from dhenara.ai.testing import Answer, DialectReply, FakeServer, Raw, Refusal
from dhenara.ai.types import AIModelCallConfig, Call
from support.corpus import body_bytes, exchanges, head_of
from support.worlds import World, endpoint

HELLO = Answer(text="Hello!")


def refused(body: Any, status: int = 400) -> Raw:
    return Raw(json.dumps(body).encode(), status)


def openai(message: str, param: str | None = None, code: str | None = None) -> Raw:
    return refused({"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}})


RENAME = openai(
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
    "max_tokens",
    "unsupported_parameter",
)
TEMPERATURE = openai(
    "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.",
    "temperature",
    "unsupported_value",
)
MISTRAL = {"type": "extra_forbidden", "loc": ["body", "random_seed"], "msg": "Extra inputs are not permitted"}
VLLM = "[{'type': 'extra_forbidden', 'loc': ('body', 'seed'), 'msg': 'Extra inputs are not permitted'}]"


def claude(message: str) -> Raw:
    return refused({"type": "error", "error": {"type": "invalid_request_error", "message": message}})


def gemini(message: str) -> Raw:
    return refused({"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}})


def plain(message: str, status: int = 400) -> Raw:
    return refused({"message": message}, status)


BOTH = "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
UNKNOWN_NAME = "Invalid JSON payload received. Unknown name \"topK\" at 'generation_config': Cannot find field."
NO_LEVEL = "Thinking level is not supported for this model."
NO_STOP = "This model doesn't support the stopSequences field. Remove stopSequences and try again."
TGI = refused({"error": "Json deserialize error: unknown field `top_p`, expected one of `model`"}, 422)
XAI = refused({"error": "Argument not supported on this model: presencePenalty"})

# Provider, what is set, what it answers, and the field that the next request does without.
CASES: list[tuple[str, dict[str, Any], Raw, str]] = [
    ("openai", {"temperature": 0.2}, TEMPERATURE, "temperature"),
    ("openai", {"logprobs": True}, openai("Unrecognized request argument supplied: logprobs"), "logprobs"),
    ("openai", {"seed": 1}, openai("Unknown parameter: 'seed'.", "seed", "unknown_parameter"), "seed"),
    ("groq", {"n": 2}, openai("property 'n' is unsupported"), "n"),
    ("groq", {"user": "u"}, openai("`user` is not supported with this model"), "user"),
    ("mistral", {"seed": 1}, refused({"object": "error", "message": {"detail": [MISTRAL]}}, 422), "random_seed"),
    ("mistral", {"seed": 1}, refused({"detail": [MISTRAL]}, 422), "random_seed"),
    ("vllm", {"seed": 1}, refused({"object": "error", "message": VLLM}), "seed"),
    ("fireworks", {"seed": 1}, openai("Extra inputs are not permitted, field: 'seed', value: 1"), "seed"),
    ("cerebras", {"user": "u"}, plain("body.user: property 'body.user' is unsupported"), "user"),
    ("nvidia", {"seed": 1}, plain("Unsupported parameter(s): `seed`"), "seed"),
    ("xai", {"presence_penalty": 1}, XAI, "presence_penalty"),
    (
        "xai",
        {"presence_penalty": 1},
        refused({"error": "Model x does not support parameter presencePenalty."}),
        "presence_penalty",
    ),
    ("huggingface", {"top_p": 0.5}, TGI, "top_p"),
    ("anthropic", {"temperature": 0.2}, claude("`temperature` is deprecated for this model."), "temperature"),
    ("anthropic", {"temperature": 0.2, "top_p": 0.5}, claude(BOTH), "top_p"),
    ("anthropic", {"top_k": 3}, claude("top_k: Extra inputs are not permitted"), "top_k"),
    ("google_ai", {"top_k": 3}, gemini(UNKNOWN_NAME), "generationConfig.topK"),
    (
        "google_ai",
        {"presence_penalty": 1},
        gemini("Penalty is not enabled for this model"),
        "generationConfig.presencePenalty",
    ),
    ("google_ai", {"reasoning_effort": "low"}, gemini(NO_LEVEL), "generationConfig.thinkingConfig.thinkingLevel"),
    (
        "google_ai",
        {"max_reasoning_tokens": 9},
        gemini("The model does not support setting thinking_budget to 9."),
        "generationConfig.thinkingConfig.thinkingBudget",
    ),
    ("cohere", {"seed": 1}, plain("invalid request: parameter 'seed' is not a valid field", 422), "seed"),
    ("amazon_bedrock", {"stop": "x"}, plain(NO_STOP), "inferenceConfig.stopSequences"),
    ("amazon_bedrock", {"top_p": 0.5, "temperature": 0.1}, plain(BOTH), "inferenceConfig.topP"),
]
# More ways of saying it: the protocol, what was sent, the refusal, and the lesson.
EFFORT = {"reasoning_effort": "max"}
CONVERSE = {"inferenceConfig": {"maxTokens": 90_000}}
LEVEL = {"generationConfig": {"thinkingConfig": {"thinkingLevel": "minimal"}}}
SAYINGS: list[tuple[str, dict[str, Any], Any, tuple[str, str, Any]]] = [
    (
        "openai_chat",
        {"logprobs": True},
        "This model does not support the 'logprobs' parameter.",
        ("logprobs", "drop", None),
    ),
    ("openai_chat", {"top_k": 3}, "Provider error: this model does not support `top_k`", ("top_k", "drop", None)),
    (
        "openai_chat",
        {"seed": 1},
        "x does not support parameters: ['top_k', 'seed'], for model=x",
        ("seed", "drop", None),
    ),
    (
        "openai_chat",
        {"top_k": 3},
        "1 validation error for X\ntop_k\n  Extra inputs are not permitted",
        ("top_k", "drop", None),
    ),
    ("openai_chat", {"stream_options": {}}, "stream_options is not supported", ("stream_options", "drop", None)),
    (
        "openai_chat",
        {"temperature": 0.2},
        "invalid temperature: only 1 is allowed for this model",
        ("temperature", "drop", None),
    ),
    (
        "openai_chat",
        {"tool_choice": "required"},
        "Thinking mode does not support this tool_choice",
        ("tool_choice", "drop", None),
    ),
    (
        "openai_chat",
        {"tool_choice": "required"},
        "The tool_choice parameter does not support being set to required or object in thinking mode",
        ("tool_choice", "drop", None),
    ),
    (
        "openai_chat",
        {"tool_choice": "required"},
        "tool_choice 'required' is incompatible with thinking enabled",
        ("tool_choice", "drop", None),
    ),
    (
        "openai_chat",
        EFFORT,
        "`reasoning_effort` must be one of `none` or `default`",
        ("reasoning_effort", "replace", "default"),
    ),
    (
        "openai_chat",
        EFFORT,
        "reasoning_effort must be one of [low, medium, high]",
        ("reasoning_effort", "replace", "high"),
    ),
    ("openai_chat", EFFORT, "Invalid reasoning effort.", ("reasoning_effort", "drop", None)),
    (
        "openai_chat",
        EFFORT,
        {"detail": [{"type": "literal_error", "loc": ["body"], "msg": "Input should be 'high' or 'none'"}]},
        ("reasoning_effort", "replace", "high"),
    ),
    (
        "openai_chat",
        {"presence_penalty": 1},
        {"message": "presence_penalty is currently not supported", "param": "presence_penalty"},
        ("presence_penalty", "drop", None),
    ),
    (
        "openai_chat",
        {"response_format": {"type": "json_schema", "json_schema": {}}},
        {
            "error": {
                "message": "Invalid parameter: 'response_format' of type 'json_schema' is not supported here.",
                "param": "response_format",
            }
        },
        ("response_format", "drop", None),
    ),
    (
        "openai_chat",
        {"max_tokens": 90_000},
        "`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than the "
        "`context_window` for this model",
        ("max_tokens", "limit", 8192),
    ),
    ("openai_chat", {"max_tokens": 90_000}, "Range of max_tokens should be [1, 8192]", ("max_tokens", "limit", 8192)),
    ("anthropic", {"top_k": 3}, "`top_k` must be unset when thinking is enabled.", ("top_k", "drop", None)),
    (
        "anthropic",
        {"tool_choice": {"type": "any"}},
        "tool_choice: forced tool use is not supported on this model",
        ("tool_choice", "drop", None),
    ),
    (
        "anthropic",
        {"output_config": {"effort": "max"}},
        "This model does not support effort level 'max'. Supported levels: high, low, medium.",
        ("output_config.effort", "replace", "high"),
    ),
    (
        "anthropic",
        {"output_config": {"effort": "max"}},
        "This model does not support the effort parameter.",
        ("output_config.effort", "drop", None),
    ),
    (
        "gemini",
        LEVEL,
        "Thinking level MINIMAL is not supported for this model. Please retry with other thinking level.",
        ("generationConfig.thinkingConfig.thinkingLevel", "replace", "low"),
    ),
    (
        "converse",
        CONVERSE,
        {"message": "The maximum tokens you requested exceeds the model limit of 8192. Try again with less."},
        ("inferenceConfig.maxTokens", "limit", 8192),
    ),
    (
        "cohere",
        {"max_tokens": 90_000},
        {"message": "too many tokens: max tokens must be less than or equal to 8000, got 90000"},
        ("max_tokens", "limit", 8000),
    ),
    ("ollama", {"think": True}, {"error": '"gemma3" does not support thinking'}, ("think", "drop", None)),
]


@pytest.mark.parametrize(("protocol", "sent", "reported", "lesson"), SAYINGS)
def test_vendors_have_many_ways_to_say_it(
    protocol: str, sent: dict[str, Any], reported: Any, lesson: tuple[str, str, Any]
) -> None:
    body = reported if isinstance(reported, dict) else {"error": {"message": reported, "type": "invalid_request_error"}}
    error = load_codec(protocol).error(Head(400, {}), json.dumps(body).encode())
    assert isinstance(error, BadRequestError)
    (learned,) = read_lessons(error, {"model": "m", "messages": [], **sent}, 0.0)
    assert (learned.field, learned.action, learned.to) == lesson


@given(st.text(max_size=80), st.sampled_from(["", "temperature", "max", "`seed`", "high", "12 > 7"]))
def test_reading_a_refusal_never_raises(words: str, named: str) -> None:
    reported = f"{words} {named} is not supported with {words}. Supported values are: {words}"
    body = json.dumps({"error": {"message": reported, "param": named or None}}).encode()
    error = load_codec("openai_chat").error(Head(400, {}), body)
    if isinstance(error, BadRequestError):
        read_lessons(error, {"model": "m", "temperature": 1, "seed": 2, "reasoning_effort": "max"}, 0.0)


NAMES = [f"{provider}-{field}-{number}" for number, (provider, _, _, field) in enumerate(CASES)]


def dig(body: Any, path: str) -> Any:
    for step in path.split("."):
        body = body.get(step) if isinstance(body, dict) else None
    return body


@pytest.mark.parametrize(("provider", "config", "answer", "field"), CASES, ids=NAMES)
def test_a_field_that_a_provider_refuses_is_left_out_from_then_on(
    provider: str, config: dict[str, Any], answer: Raw, field: str, server: FakeServer
) -> None:
    server.add_replies(answer, HELLO, HELLO)
    model = "gemini-2.5-flash-of-ours" if "max_reasoning_tokens" in config else "fake-1"
    with AIModelClient(endpoint(server.url, provider, model), lessons=LearnedConstraints()) as client:
        first, second = client.generate("?", **config), client.generate("?", **config)
    requested, again, later = (exchange.json for exchange in server.exchanges)
    assert dig(requested, field) is not None
    assert dig(again, field) is None
    assert later == again
    for call, attempts in ((first, 2), (second, 1)):
        assert call.chat_response is not None
        assert call.chat_response.text() == "Hello!"
        assert [(w.code, w.parameter) for w in call.chat_response.warnings] == [("learned", field)]
        assert len(call.attempts) == attempts


@pytest.mark.parametrize("streaming", [False, True])
def test_a_renamed_field_is_sent_under_its_new_name_in_every_world(
    streaming: bool, world: World, server: FakeServer
) -> None:
    server.add_replies(RENAME, HELLO)
    client = AIModelClient(endpoint(server.url, "together"), lessons=LearnedConstraints())
    config = {"max_output_tokens": 50}
    final = world.stream(client, "?", **config)[-1][1] if streaming else world.run(client, "?", **config)
    world.close(client)
    assert server.exchanges[1].json["max_completion_tokens"] == 50
    assert "max_tokens" not in server.exchanges[1].json
    assert final.chat_response.warnings[0].code == "learned"
    assert [attempt.outcome for attempt in final.attempts] == ["failed", "answered"]


RELAYED = {
    "message": "Provider returned error",
    "code": 400,
    "metadata": {
        "raw": json.dumps(
            {"error": {"message": "Unsupported parameter: 'temperature' is not supported with this model."}}
        ),
        "provider_name": "OpenAI",
    },
}


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("streaming", [False, True])
def test_a_refusal_that_a_gateway_passes_on_is_learned_from_too(
    streaming: bool, status: int, world: World, server: FakeServer
) -> None:
    server.add_replies(refused({"error": RELAYED}, status), HELLO, refused({"error": RELAYED}, status))
    client = AIModelClient(endpoint(server.url, "openrouter"), lessons=LearnedConstraints())
    final = world.stream(client, "?", temperature=0.2)[-1][1] if streaming else world.run(client, "?", temperature=0.2)
    assert final.chat_response.text() == "Hello!"
    assert "temperature" not in server.exchanges[1].json
    with pytest.raises(BadRequestError, match=r"openrouter \(fake-1\).*Unsupported parameter"):
        world.run(client, "?")
    world.close(client)


def test_a_value_that_is_refused_becomes_the_nearest_that_is_taken(server: FakeServer) -> None:
    reported = "'minimal' is not supported with this model. Supported values are: 'low', 'medium', and 'high'."
    server.add_replies(openai(reported, "reasoning.effort", "unsupported_value"), HELLO, HELLO)
    with AIModelClient(endpoint(server.url, protocol="openai_responses"), lessons=LearnedConstraints()) as client:
        client.generate("?", reasoning_effort="minimal")
        client.generate("?", reasoning_effort="high")
    efforts = [exchange.json["reasoning"]["effort"] for exchange in server.exchanges]
    assert efforts == ["minimal", "low", "high"]


@pytest.mark.parametrize(
    ("provider", "reported", "field", "most"),
    [
        (
            "anthropic",
            "max_tokens: 90000 > 64000, which is the maximum allowed number of output tokens",
            "max_tokens",
            64_000,
        ),
        (
            "openai",
            "max_tokens is too large: 90000. This model supports at most 16384 completion tokens",
            "max_completion_tokens",
            16_384,
        ),
        (
            "google_ai",
            "has a maxOutputTokens value of 90000 but the supported range is from 1 (inclusive) to 65537 (exclusive).",
            "generationConfig.maxOutputTokens",
            65_536,
        ),
    ],
)
def test_a_limit_named_by_the_provider_is_applied(
    provider: str, reported: str, field: str, most: int, server: FakeServer
) -> None:
    server.add_replies(Refusal(400, reported, "invalid_request_error"), HELLO, HELLO)
    with AIModelClient(endpoint(server.url, provider), lessons=LearnedConstraints()) as client:
        client.generate("?", max_output_tokens=90_000)
        client.generate("?", max_output_tokens=100)
    assert [dig(exchange.json, field) for exchange in server.exchanges] == [90_000, most, 100]


def test_several_refusals_in_a_row_are_all_learned(server: FakeServer) -> None:
    server.add_replies(TEMPERATURE, openai("Unknown parameter: 'seed'.", "seed", "unknown_parameter"), HELLO)
    with AIModelClient(endpoint(server.url), lessons=LearnedConstraints()) as client:
        client.generate("?", temperature=0.2, seed=1, retries=0)
    assert not {"temperature", "seed"} & server.exchanges[-1].json.keys()


UNKNOWN = [
    openai(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
    for name in ("temperature", "seed", "logprobs", "n", "user")
]


@pytest.mark.parametrize("refusals", [4, 5])
def test_a_call_learns_from_four_refusals_at_most(refusals: int, server: FakeServer) -> None:
    server.add_replies(*UNKNOWN[:refusals], HELLO)
    settings: dict[str, Any] = {"temperature": 0.2, "seed": 1, "logprobs": True, "n": 2, "user": "u", "retries": 0}
    with AIModelClient(endpoint(server.url), lessons=LearnedConstraints()) as client:
        if refusals == 5:
            with pytest.raises(BadRequestError, match="user"):
                client.generate("?", **settings)
        else:
            assert client.generate("?", **settings).chat_response.text() == "Hello!"
    assert len(server.exchanges) == 5


def test_with_strict_only_parameters_that_nobody_set_for_the_call_are_learned(server: FakeServer) -> None:
    server.add_replies(TEMPERATURE, HELLO, UNKNOWN[1])
    defaults = AIModelCallConfig(temperature=0.2, strict=True, if_supported={"temperature"})
    to = endpoint(server.url, model="gpt-4o")
    with AIModelClient(to, config=defaults, lessons=LearnedConstraints()) as client:
        assert client.generate("?").chat_response.text() == "Hello!"
        with pytest.raises(BadRequestError, match="seed"):
            client.generate("?", seed=1)
    assert ["temperature" in exchange.json for exchange in server.exchanges] == [True, False, False]


def test_a_refusal_is_read_by_the_request_that_was_sent(server: FakeServer) -> None:
    """Another call learned the constraint before this one was sent: the same refusal says nothing new."""
    lessons = LearnedConstraints()
    other = AIModelClient(endpoint(server.url), lessons=lessons)

    async def learn_meanwhile(call: Call, send: Send) -> Stream:
        with other:
            other.generate("?", temperature=0.2)
        return await send(call)

    server.add_replies(TEMPERATURE, HELLO, TEMPERATURE, HELLO)
    client = AIModelClient(endpoint(server.url), lessons=lessons, attempt_layers=[learn_meanwhile])
    with client, pytest.raises(BadRequestError, match="temperature"):
        client.generate("?", temperature=0.2)
    assert ["temperature" in exchange.json for exchange in server.exchanges] == [True, False, False]


def test_with_strict_a_refusal_stays_an_error(world: World, server: FakeServer) -> None:
    server.add_replies(TEMPERATURE)
    client = AIModelClient(endpoint(server.url), lessons=LearnedConstraints())
    with pytest.raises(BadRequestError, match="temperature"):
        world.run(client, "?", temperature=0.2, strict=True)
    world.close(client)
    assert len(server.exchanges) == 1


@pytest.mark.parametrize(
    "answer",
    [
        openai("Unsupported parameter: 'tools' is not supported with this model.", "tools", "unsupported_parameter"),
        openai("Invalid schema for function 'x'", "tools[0].function.parameters", "invalid_function_parameters"),
        openai("Unknown parameter: 'nonsense'.", "nonsense", "unknown_parameter"),
        openai("The image is not supported by this model"),
        openai("messages.1.temperature: property 'messages.1.temperature' is unsupported"),
    ],
)
def test_a_refusal_of_something_else_stays_an_error(answer: Raw, server: FakeServer) -> None:
    server.add_replies(answer)
    with AIModelClient(endpoint(server.url), lessons=LearnedConstraints()) as client, pytest.raises(BadRequestError):
        client.generate("?", temperature=0.2, tools=[{"name": "x"}])
    assert len(server.exchanges) == 1


def test_too_long_a_conversation_teaches_nothing(server: FakeServer) -> None:
    server.add_replies(openai("This model's maximum context length is 8192; `max_tokens` is not supported above it"))
    with AIModelClient(endpoint(server.url), lessons=LearnedConstraints()) as client, pytest.raises(ContextLengthError):
        client.generate("?", max_output_tokens=10)
    assert len(server.exchanges) == 1


def test_options_of_the_user_are_never_changed(server: FakeServer) -> None:
    server.add_replies(TEMPERATURE)
    with AIModelClient(endpoint(server.url), lessons=LearnedConstraints()) as client, pytest.raises(BadRequestError):
        client.generate("?", options={"temperature": 0.2})
    assert len(server.exchanges) == 1


def test_a_constraint_applies_to_one_model_in_all_clients_that_share_the_store(server: FakeServer) -> None:
    memory = LearnedConstraints()
    server.add_replies(TEMPERATURE, HELLO, HELLO, HELLO)
    for model in ("fake-1", "fake-1", "fake-2"):
        with AIModelClient(endpoint(server.url, model=model), lessons=memory) as client:
            client.generate("?", temperature=0.2)
    assert ["temperature" in exchange.json for exchange in server.exchanges] == [True, False, False, True]


def test_calls_that_are_refused_at_the_same_time_all_succeed() -> None:
    def answer(requested: dict[str, Any]) -> Raw | DialectReply:
        return TEMPERATURE if "temperature" in requested else DialectReply(HELLO)

    barrier = threading.Barrier(4)

    class ByBody:
        """Refuses a temperature, all four at once, so that nobody can have learned from another."""

        def steps(self, requested: Any) -> Any:
            if "temperature" in requested.json:
                barrier.wait(100)
            return answer(requested.json).steps(requested)

    with (
        FakeServer(ByBody(), forever=True) as server,
        ThreadPoolExecutor(4) as pool,
        AIModelClient(endpoint(server.url), lessons=LearnedConstraints()) as client,
    ):
        provided = list(pool.map(lambda _: client.generate("?", temperature=0.2).chat_response.text(), range(4)))
    assert provided == ["Hello!"] * 4
    assert len(server.exchanges) == 8


def test_a_client_without_its_own_store_learns_for_the_whole_process(server: FakeServer) -> None:
    server.add_replies(TEMPERATURE, HELLO, HELLO)
    for _ in range(2):
        with AIModelClient(endpoint(server.url)) as client:
            client.generate("?", temperature=0.2)
    assert len(server.exchanges) == 3


def test_a_file_stores_constraints_for_later_processes(tmp_path: Path, world: World, server: FakeServer) -> None:
    file = tmp_path / "kept" / "lessons.json"
    server.add_replies(TEMPERATURE, HELLO, HELLO)
    for _ in range(2):
        client = AIModelClient(endpoint(server.url), lessons=file)
        world.run(client, "?", temperature=0.2)
        world.close(client)
    assert ["temperature" in exchange.json for exchange in server.exchanges] == [True, False, False]
    assert "sk-test-secret" not in file.read_text()
    assert sorted(path.name for path in file.parent.iterdir()) == ["lessons.json", "lessons.json.lock"]


def test_processes_that_learn_at_once_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "lessons.json"
    program = """
import sys
from dhenara.ai import LearnedConstraints
from dhenara.ai.catalog.learned_constraints import LearnedConstraint
for n in range(20):
    book = LearnedConstraints(sys.argv[1])
    book.learn(("p", "http://x", f"{sys.argv[2]}-{n}"), [LearnedConstraint("seed", "drop", learned_at=9e9)])
    book.save()
"""
    running = [subprocess.Popen([sys.executable, "-c", program, str(file), str(n)]) for n in range(3)]
    assert [process.wait(250) for process in running] == [0, 0, 0]
    assert len(json.loads(file.read_text())["targets"]) == 60


def test_a_file_that_holds_something_else_is_named(tmp_path: Path, server: FakeServer) -> None:
    file = tmp_path / "notes.json"
    file.write_text("[1]")
    client = AIModelClient(endpoint(server.url), lessons=file)
    with pytest.raises(ConfigurationError, match=r"notes\.json"):
        client.generate("?")


def test_constraints_are_limited_in_number_and_expire() -> None:
    from dhenara.ai.catalog.learned_constraints import LearnedConstraint
    from dhenara.ai.pipeline.learned_store import LASTS, MOST_LESSONS, MOST_TARGETS

    book = LearnedConstraints()
    for n in range(MOST_TARGETS + 5):
        book.learn(("p", "u", str(n)), [LearnedConstraint("seed", "drop")])
    assert book.known(("p", "u", "0"), 0.0) == ()
    last = ("p", "u", str(MOST_TARGETS + 4))
    for n in range(MOST_LESSONS + 5):
        book.learn(last, [LearnedConstraint(f"field{n}", "drop")])
    assert len(book.known(last, 0.0)) == MOST_LESSONS
    assert book.known(last, LASTS + 1) == ()


def test_recorded_refusals_teach_only_what_they_say() -> None:
    reported = {
        "Unsupported parameter: 'max_tokens' is not supported with this model.": ("max_tokens", "rename"),
        "Unsupported value: 'minimal' is not supported with the 'o4-mini' model.": ("reasoning.effort", "replace"),
    }
    actual: dict[str, tuple[str, str]] = {}
    for api in ("openai-chat", "openai-responses", "anthropic-messages", "gemini-generate", "bedrock-converse"):
        codec = load_codec(CODECS[api])
        for exchange in exchanges(api, lambda e: e["status"] in (400, 422) and isinstance(e["request_body"], dict)):
            error = codec.error(head_of(exchange), body_bytes(exchange))
            if isinstance(error, BadRequestError):
                for lesson in read_lessons(error, exchange["request_body"], 0.0):
                    actual[error.message] = lesson.field, lesson.action
    for message, lesson in actual.items():
        assert lesson == next(taught for words, taught in reported.items() if message.startswith(words))


CODECS = {
    "openai-chat": "openai_chat",
    "openai-responses": "openai_responses",
    "anthropic-messages": "anthropic",
    "gemini-generate": "gemini",
    "bedrock-converse": "converse",
}
