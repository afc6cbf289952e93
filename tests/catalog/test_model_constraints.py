"""Model constraints: refused parameters are translated or left out, with a warning; unknown models are left alone."""

from __future__ import annotations

import re
from dataclasses import MISSING, FrozenInstanceError, fields
from typing import Any

import pytest
from hypothesis import given, strategies as st

from dhenara.ai import AIModelClient
from dhenara.ai.catalog import find_facts, known_models
from dhenara.ai.catalog.learned_constraints import SupportedDefaults
from dhenara.ai.catalog.model_constraints import EFFORTS, REASONING, apply_constraints
from dhenara.ai.catalog.model_info import load
from dhenara.ai.errors import UnsupportedError
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelCallConfig,
    AIModelEndpoint,
    Call,
    ChatModelSettings,
    ToolDefinition,
)
from support.worlds import World, endpoint

LOOK = ToolDefinition(name="look_up")


def sent(server: FakeServer, provider: str, model: str, **config: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """The body that arrives, and the warnings by parameter."""
    server.add_replies(Answer(text="Hello!"))
    with AIModelClient(endpoint(server.url, provider, model)) as client:
        answer = client.generate("?", **config).chat_response
    assert answer is not None
    warned = {str(warning.parameter): warning.code for warning in answer.warnings}
    return server.exchanges[-1].json, warned


def test_a_reasoning_model_is_not_sent_a_temperature(server: FakeServer) -> None:
    body, warned = sent(server, "openai", "gpt-5", temperature=0.2, max_output_tokens=50)
    assert "temperature" not in body
    assert body["max_completion_tokens"] == 50
    assert warned == {"temperature": "unsupported_parameter"}


def test_a_model_that_may_reason_takes_a_temperature_while_it_does_not(server: FakeServer) -> None:
    resting, _ = sent(server, "openai", "gpt-5.2", temperature=0.2)
    thinking, warned = sent(server, "openai", "gpt-5.2", temperature=0.2, reasoning_effort="high")
    assert resting["temperature"] == 0.2
    assert "temperature" not in thinking
    assert warned == {"temperature": "unsupported_parameter"}


def test_of_two_settings_that_exclude_each_other_one_is_sent(server: FakeServer) -> None:
    body, warned = sent(server, "anthropic", "claude-sonnet-4-5", temperature=0.2, top_p=0.9)
    assert body["temperature"] == 0.2
    assert "top_p" not in body
    assert warned == {"top_p": "unsupported_parameter"}


def test_newer_claude_models_are_sent_no_sampling_at_all(server: FakeServer) -> None:
    body, warned = sent(server, "anthropic", "claude-opus-4-8", temperature=0.2, top_p=0.9, top_k=3)
    assert not {"temperature", "top_p", "top_k"} & body.keys()
    assert warned.keys() == {"temperature", "top_p", "top_k"}


def test_a_limit_above_the_models_is_lowered(server: FakeServer) -> None:
    body, warned = sent(server, "anthropic", "claude-haiku-4-5", max_output_tokens=1_000_000)
    assert body["max_tokens"] == 64_000
    assert warned == {"max_output_tokens": "clamped_parameter"}


@pytest.mark.parametrize(
    ("model", "requested", "provided", "code"),
    [
        ("gpt-5.2", "minimal", "low", "translated_parameter"),
        ("gpt-5.2", "max", "xhigh", "translated_parameter"),
        ("gpt-5.2", "none", "none", None),
        ("gpt-5", "minimal", "minimal", None),
        ("gpt-6-astra", "none", "low", "translated_parameter"),
        ("gpt-5.2-pro", "low", "medium", "translated_parameter"),
    ],
)
def test_an_effort_becomes_one_that_the_model_has(
    model: str, requested: str, provided: str, code: str | None, server: FakeServer
) -> None:
    body, warned = sent(server, "openai", model, reasoning_effort=requested)
    effort = body.get("reasoning_effort") or body["reasoning"]["effort"]
    assert (effort, next(iter(warned.values()), None)) == (provided, code)


def test_a_model_that_always_reasons_gets_the_lowest_effort(server: FakeServer) -> None:
    body, warned = sent(server, "openai", "gpt-5", reasoning=False)
    assert body["reasoning_effort"] == "minimal"
    assert warned == {"reasoning": "translated_parameter"}


def test_reasoning_is_turned_off_where_the_model_can(server: FakeServer) -> None:
    body, warned = sent(server, "openai", "gpt-6-luna", reasoning=False)
    assert body["reasoning_effort"] == "none"
    assert warned == {}


@pytest.mark.parametrize(
    ("model", "config", "budget"),
    [
        ("gemini-2.5-pro", {"reasoning": False}, 128),
        ("gemini-2.5-pro", {"reasoning_effort": "max"}, 32_768),
        ("gemini-2.5-flash", {"reasoning": False}, 0),
        ("gemini-2.5-flash-lite", {"max_reasoning_tokens": 100}, 512),
    ],
)
def test_a_reasoning_budget_is_clamped_to_the_range_of_the_model(
    model: str, config: dict[str, Any], budget: int, server: FakeServer
) -> None:
    body, warned = sent(server, "google_ai", model, **config)
    assert body["generationConfig"]["thinkingConfig"]["thinkingBudget"] == budget
    assert bool(warned) is (budget > 0)


def test_a_tool_that_cannot_be_forced_is_offered(server: FakeServer) -> None:
    body, warned = sent(server, "anthropic", "claude-opus-5-5", tools=[LOOK], tool_choice="required")
    assert body["tool_choice"] == {"type": "auto"}
    assert warned == {"tool_choice": "translated_parameter"}


def test_encrypted_reasoning_is_requested_from_models_known_to_reason(server: FakeServer) -> None:
    body, _ = sent(server, "openai", "gpt-5.3-codex")
    assert body["include"] == ["reasoning.encrypted_content"]


def test_parameters_of_an_unknown_model_are_sent_unchanged(server: FakeServer) -> None:
    body, warned = sent(server, "openai", "gpt-of-tomorrow", temperature=0.2, max_output_tokens=10**7)
    assert (body["temperature"], body["max_completion_tokens"]) == (0.2, 10**7)
    assert warned == {}


def test_strict_makes_it_an_error_before_anything_is_sent(world: World, server: FakeServer) -> None:
    client = AIModelClient(endpoint(server.url, model="gpt-5"))
    with pytest.raises(UnsupportedError, match="temperature"):
        world.run(client, "?", temperature=0.2, strict=True)
    world.close(client)
    assert server.exchanges == []


def test_a_deployment_is_known_by_the_model_behind_it(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"))
    base = endpoint(server.url)
    reported = base.model_copy(update={"ai_model": AIModel(model_name="ours", base_model="gpt-5")})
    with AIModelClient(reported) as client:
        client.generate("?", temperature=0.2)
    assert "temperature" not in server.exchanges[-1].json


def test_the_user_has_the_last_word(server: FakeServer) -> None:
    body, warned = sent(server, "openai", "gpt-5", options={"temperature": 0.2})
    assert (body["temperature"], warned) == (0.2, {})
    server.add_replies(Answer(text="Hello!"))
    insisting = endpoint(server.url, "together", "openai/gpt-5", quirks={"params": {"temperature": "temperature"}})
    with AIModelClient(insisting) as client:
        client.generate("?", temperature=0.3, max_output_tokens=9)
    # Only the parameter that is named changes: the limit keeps the name that this provider has for it.
    assert server.exchanges[-1].json.items() >= {"temperature": 0.3, "max_tokens": 9}.items()


@pytest.mark.parametrize(
    ("name", "known_as"),
    [
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-6-v1:0", "claude-opus-4-6"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("claude-3-7-sonnet-latest", "claude-3-7-sonnet"),
        ("models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("openai/gpt-5.2:free", "gpt-5.2"),
        ("ft:gpt-4o-mini-2024-07-18:org::id", "gpt-4o-mini"),
        ("GPT-5-2025-08-07", "gpt-5"),
        ("minimax-m3", "MiniMax-M3"),
    ],
)
def test_model_info_is_looked_up_by_any_name(name: str, known_as: str) -> None:
    facts = find_facts(name)
    assert facts is not None
    assert facts.name == known_as


def test_every_fact_says_whose_it_is_and_from_when() -> None:
    names = known_models()
    assert len(names) > 400
    for name in names:
        facts = find_facts(name)
        assert facts is not None
        provided = {f for f in facts.__slots__ if getattr(facts, f) not in (None, (), {})} - {
            "name",
            "vendor",
            "host",
            "sources",
        }
        assert provided <= facts.sources.keys()
        assert all(source.name and source.date for source in facts.sources.values())


def test_no_fact_is_a_guess() -> None:
    book = load("facts")
    assert all(re.fullmatch(r"20\d\d-\d\d(-\d\d)?", source["date"]) for source in book["sources"].values())
    reported = {key for models in book["models"].values() for facts in models.values() for key in facts}
    assert reported <= book["sources"].keys()


def test_what_is_known_of_a_model_agrees_with_itself() -> None:
    assert {name: broken for name in known_models() if (broken := broken_rules(name))} == {}


def broken_rules(name: str) -> list[str]:
    """What is known of this model, and cannot be true together."""
    facts = find_facts(name)
    assert facts is not None
    efforts = facts.reasoning_efforts
    rules = {
        "no efforts without reasoning": facts.reasoning is not False
        or not (efforts or facts.default_effort or facts.always_reasons),
        "efforts in order": list(efforts) == sorted(efforts, key=EFFORTS.index),
        "what always reasons has no effort of none": not (facts.always_reasons and "none" in efforts),
        "the default is one of the efforts": facts.default_effort is None
        or facts.default_effort in (efforts or EFFORTS),
        "only parameters are refused": set(facts.refused) | set(facts.refused_while_reasoning)
        <= AIModelCallConfig.model_fields.keys(),
    }
    return [rule for rule, holds in rules.items() if not holds]


@pytest.mark.parametrize("model", ["gpt-5.5", "gpt-5.6-sol", "gpt-6-luna", "gpt-6.1-terra", "gpt-5.1-codex"])
def test_a_model_that_reasons_by_default_gets_no_temperature_unless_reasoning_is_off(
    model: str, server: FakeServer
) -> None:
    thinking, warned = sent(server, "openai", model, temperature=0.2)
    assert "temperature" not in thinking
    assert warned == {"temperature": "unsupported_parameter"}
    if model != "gpt-5.1-codex":
        assert sent(server, "openai", model, temperature=0.2, reasoning=False)[0]["temperature"] == 0.2


def test_codex_can_rest_since_it_can(server: FakeServer) -> None:
    body, warned = sent(server, "openai", "gpt-5.3-codex", reasoning_effort="none", temperature=0.2)
    assert (body["reasoning"], body["temperature"], warned) == ({"effort": "none"}, 0.2, {})


def test_reasoning_parameters_are_left_out_for_models_that_do_not_reason(server: FakeServer) -> None:
    body, warned = sent(server, "openai", "gpt-4o", reasoning_effort="high", temperature=0.2)
    assert "reasoning_effort" not in body
    assert (body["temperature"], warned) == (0.2, {"reasoning": "unsupported_parameter"})
    for wish in ({"reasoning": False}, {"reasoning_effort": "none"}):
        body, warned = sent(server, "openai", "gpt-4o", **wish)
        assert (body.keys() & {"reasoning_effort"}, warned) == (set(), {})


def test_who_knows_better_that_a_model_reasons_is_believed(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"))
    known = AIModel(model_name="gpt-4o", settings=ChatModelSettings(supports_reasoning=True))
    with AIModelClient(endpoint(server.url).model_copy(update={"ai_model": known})) as client:
        assert client.generate("?", reasoning_effort="high").chat_response.warnings == []
    assert server.exchanges[-1].json["reasoning_effort"] == "high"


def sent_by(server: FakeServer, model: AIModel, **config: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """The body that arrives for a model with settings of its own, and the warnings by parameter."""
    server.add_replies(Answer(text="Hello!"))
    with AIModelClient(endpoint(server.url).model_copy(update={"ai_model": model})) as client:
        warnings = client.generate("?", **config).chat_response.warnings
    return server.exchanges[-1].json, {str(warning.parameter): warning.code for warning in warnings}


def test_settings_of_the_user_apply_to_unknown_models_too(server: FakeServer) -> None:
    mine = AIModel(
        model_name="gpt-of-tomorrow",
        settings=ChatModelSettings(
            max_output_tokens=100, reasoning_efforts=("low", "high"), refused_parameters=("temperature",)
        ),
    )
    body, warned = sent_by(server, mine, max_output_tokens=500, reasoning_effort="max", temperature=0.2)
    assert (body["max_completion_tokens"], body["reasoning_effort"]) == (100, "high")
    assert "temperature" not in body
    assert warned.keys() == {"max_output_tokens", "reasoning_effort", "temperature"}


def test_settings_of_the_user_replace_what_the_tables_say(server: FakeServer) -> None:
    mine = AIModel(model_name="gpt-5", settings=ChatModelSettings(reasoning_efforts=("low", "high")))
    body, warned = sent_by(server, mine, reasoning_effort="low")
    assert (body["reasoning_effort"], warned) == ("low", {})
    assert sent_by(server, mine, reasoning_effort="minimal")[0]["reasoning_effort"] == "low"


def test_a_budget_leaves_room_for_the_answer(server: FakeServer) -> None:
    body, warned = sent(server, "anthropic", "claude-sonnet-4-5", reasoning_effort="max")
    assert body["max_tokens"] <= 64_000
    assert body["thinking"]["budget_tokens"] < body["max_tokens"]
    assert warned == {"reasoning_effort": "clamped_parameter"}


@pytest.mark.parametrize("config", [{}, {"reasoning": True}, {"reasoning_effort": "max"}])
def test_a_tool_that_cannot_be_forced_while_the_model_reasons_is_offered(
    config: dict[str, Any], server: FakeServer
) -> None:
    body, warned = sent(server, "deepseek", "deepseek-v4-pro", tools=[LOOK], tool_choice="required", **config)
    assert (body["tool_choice"], warned) == ("auto", {"tool_choice": "translated_parameter"})
    resting, warned = sent(server, "deepseek", "deepseek-v4-pro", tools=[LOOK], tool_choice="required", reasoning=False)
    assert (resting["tool_choice"], warned) == ("required", {})


def test_a_model_that_always_reasons_without_levels_gets_no_reasoning_parameter(server: FakeServer) -> None:
    body, warned = sent(server, "moonshot", "kimi-k2.7-code", reasoning=False)
    assert not {"thinking", "reasoning_effort"} & body.keys()
    assert warned == {"reasoning": "translated_parameter"}


@given(
    st.sampled_from(known_models()),
    st.fixed_dictionaries(
        {},
        optional={
            "temperature": st.floats(0, 2),
            "top_p": st.floats(0, 1),
            "stop": st.just(("x",)),
            "max_output_tokens": st.integers(1, 10**7),
            "reasoning": st.booleans(),
            "reasoning_effort": st.sampled_from(EFFORTS),
            "max_reasoning_tokens": st.integers(1, 10**5),
            "tool_choice": st.sampled_from(["auto", "required"]),
        },
    ),
)
def test_what_fits_once_fits_for_good(model: str, config: dict[str, Any]) -> None:
    where = AIModelEndpoint(api=AIModelAPI(provider="openai"), ai_model=AIModel(model_name=model))
    facts = find_facts(model)
    assert facts is not None
    fitted, warned = apply_constraints(Call(where, (), AIModelCallConfig(**config)), facts)
    again, more = apply_constraints(fitted, facts)
    assert (again, more) == (fitted, ())
    requested = AIModelCallConfig(**config)
    changed = {name for name in config if getattr(fitted.config, name) != getattr(requested, name)}
    # Who is asked for what it does anyway has nothing to warn of.
    unsaid = set(REASONING) if facts.reasoning is False and requested.wants_reasoning is False else set()
    assert bool(warned) or changed <= {"reasoning_effort", *unsaid}


TAKES, REFUSES = "gpt-4o", "gpt-5"


def defaults_call(model: str, config: AIModelCallConfig, **fields: Any) -> Call:
    return Call(endpoint=endpoint("http://127.0.0.1:9", "openai", model), messages=(), config=config, **fields)


def test_defaults_that_a_model_may_refuse_are_left_out_whatever_was_called_before() -> None:
    defaults = SupportedDefaults()
    config = AIModelCallConfig(temperature=0.2, if_supported={"temperature"})
    other = AIModelCallConfig(temperature=0.7, if_supported={"temperature"})
    calls = [(REFUSES, config), (REFUSES, config), (TAKES, config), (TAKES, other), (REFUSES, other), (TAKES, config)]
    sent = [defaults.apply(defaults_call(model, one)).config.temperature for model, one in calls]
    assert sent == [None, None, 0.2, 0.7, None, 0.2]
    assert defaults.apply(defaults_call(TAKES, config, operation="image")).config.temperature is None


def test_a_call_with_another_config_keeps_everything_else() -> None:
    config, other = AIModelCallConfig(temperature=0.2), AIModelCallConfig(temperature=0.7)
    given: dict[str, Any] = {field.name: object() for field in fields(Call)} | {"config": config}
    call = Call(**given)
    assert [getattr(call.with_config(other), name) for name in given] == [*({**given, "config": other}).values()]


def test_a_call_has_its_defaults_a_journal_of_its_own_and_fields_that_cannot_be_changed() -> None:
    first, second = (Call(REFUSES, (), AIModelCallConfig()) for _ in range(2))
    assert first == second
    assert first.journal is not second.journal
    for field in fields(Call):
        if field.default is not MISSING:
            assert getattr(first, field.name) == field.default
        with pytest.raises(FrozenInstanceError):
            setattr(first, field.name, None)
