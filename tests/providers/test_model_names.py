"""How the names of models and providers are read."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from dhenara.ai.catalog.model_info import known_models, load
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.providers.model_names import (
    FAMILIES,
    HOSTS,
    NOT_OFFERED,
    OWN_PREFIX,
    PASSES_VENDORS,
    SEVERAL,
    maker_of,
    misspelt_provider,
    named_provider,
    read_model_name,
    read_next_model_name,
)
from dhenara.ai.providers.provider import find_provider
from dhenara.ai.providers.provider_names import ALIASES, KNOWN, fold_name, provider_name

PROVIDERS = sorted(set(KNOWN.values()))
VENDORS = {"google": "google_ai", "amazon": "amazon_bedrock"}
"""Vendors of the catalogue whose own provider has another name."""

IDS = st.from_regex(r"[a-z0-9][A-Za-z0-9._:-]{0,20}(/[A-Za-z0-9][A-Za-z0-9._:-]{0,20}){1,3}", fullmatch=True)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_every_name_and_alias_with_a_model_reads_as_its_provider(name: str) -> None:
    for spelling in (name, name.upper(), name.replace("_", "-"), name.replace("_", ""), f" {name} "):
        provider, model = read_model_name(f"{spelling}/vendor/model-1.5:tag")
        assert (provider, model) == (KNOWN[name], "vendor/model-1.5:tag")
        assert read_model_name(spelling) == (KNOWN[name], None)
    actual = find_provider(name)
    assert actual is not None
    assert actual.name == KNOWN[name]


@given(name=st.sampled_from(PROVIDERS), model=IDS)
def test_an_id_with_slashes_arrives_as_it_was_written(name: str, model: str) -> None:
    if named_provider(model) is None and not misspelt_provider(model):
        assert read_model_name(f"{name}/{model}") == (name, model)
        assert read_model_name(model, name) == (name, model)
        assert read_next_model_name(model, name) == (name, model)
    assert read_model_name(f"{name}/{name}/{model}", name) == read_model_name(f"{name}/{name}/{model}")


@pytest.mark.parametrize(
    ("name", "model"),
    [
        *((name, "openai/gpt-oss-20b") for name in PASSES_VENDORS if name != "google_vertex_ai"),
        *((name, "anthropic/claude-sonnet-5") for name, ids in PASSES_VENDORS.items() if ids == "*"),
        ("google_vertex_ai", "openai/gpt-oss-120b-maas"),
    ],
)
def test_a_host_gets_ids_that_begin_with_the_name_of_another_provider(name: str, model: str) -> None:
    assert read_model_name(f"{name}/{model}") == (name, model)
    assert read_model_name(model, name) == (name, model)
    assert read_next_model_name(model, name) == (name, model)


@pytest.mark.parametrize(
    ("text", "provider", "model"),
    [
        ("openrouter/auto", "openrouter", "openrouter/auto"),
        ("openrouter/openai/gpt-5", "openrouter", "openai/gpt-5"),
        ("nvidia/nemotron-4", "nvidia", "nvidia/nemotron-4"),
        ("groq/compound-mini", "groq", "groq/compound-mini"),
        ("groq/llama-3.3-70b-versatile", "groq", "llama-3.3-70b-versatile"),
        ("azure/my-deployment", "microsoft_openai", "my-deployment"),
        ("x-ai/grok-4.5", "xai", "grok-4.5"),
        ("mistralai/mistral-large-latest", "mistral", "mistral-large-latest"),
        ("togetherai/meta-llama/Llama-4", "together", "meta-llama/Llama-4"),
        ("vertex/publishers/anthropic/models/claude-5", "google_vertex_ai", "publishers/anthropic/models/claude-5"),
        ("bedrock/arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.x", "amazon_bedrock", None),
        ("ollama/hf.co/org/model:Q4_K_M", "ollama", "hf.co/org/model:Q4_K_M"),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.x", "amazon_bedrock", None),
        ("accounts/fireworks/models/llama-v3", "fireworks", "accounts/fireworks/models/llama-v3"),
        ("models/gemini-3.8-flash", "google_ai", "models/gemini-3.8-flash"),
        ("ft:gpt-4o-mini:acme::1", "openai", "ft:gpt-4o-mini:acme::1"),
        ("gpt-3.5-turbo-instruct", "openai", "gpt-3.5-turbo-instruct"),
        ("Claude-Sonnet-9", "anthropic", "Claude-Sonnet-9"),
        ("my-deployment", None, "my-deployment"),
    ],
)
def test_names_as_people_write_them(text: str, provider: str | None, model: str | None) -> None:
    expected = model or text.removeprefix("bedrock/")
    assert read_model_name(text) == (provider, expected)


@pytest.mark.parametrize("vendor", load("facts")["models"])
def test_a_known_model_alone_is_read_as_its_makers_or_as_one_of_several_hosts(vendor: str) -> None:
    own = VENDORS.get(vendor, vendor)
    models = known_models(vendor)
    assert models
    for model in models:
        assert maker_of(model) in (own, SEVERAL, None)
        if maker_of(model) is None:
            assert vendor in ("meta", "amazon")


def test_the_families_name_providers_and_no_model_of_a_maker_is_open_by_mistake() -> None:
    assert {provider for provider, _ in FAMILIES} - {SEVERAL} <= set(PROVIDERS)
    assert {*HOSTS, *PASSES_VENDORS, *NOT_OFFERED, *OWN_PREFIX} <= set(PROVIDERS)
    for model in ("gpt-5.4-mini", "claude-sonnet-5", "gemini-3.8-flash", "grok-4.5", "mistral-small-latest", "glm-5"):
        assert maker_of(model) not in (SEVERAL, None)


@pytest.mark.parametrize(
    "text",
    [
        "meta-llama/Llama-4-Scout",
        "Qwen/Qwen3-32B",
        "deepseek-ai/DeepSeek-V3",
        "openai/gpt-oss-20b",
        "mistralai/Mistral-7B-Instruct-v0.3",
        "deepseek/deepseek-r1:free",
        "llama3.2:1b",
        "gpt-oss-120b",
        "nobody/model",
    ],
)
def test_a_model_of_several_hosts_is_refused_with_the_hosts(text: str) -> None:
    with pytest.raises(ConfigurationError, match="several hosts serve such models") as refused:
        read_model_name(text)
    assert all(host in str(refused.value) for host in HOSTS)
    assert f"'together/{text}'" in str(refused.value)


def test_at_a_server_of_ones_own_it_is_the_servers_id() -> None:
    for text in ("meta-llama/Llama-4-Scout", "openai/gpt-oss-20b", "google/gemma-4-31b-it", "llama3.2:1b", "mine"):
        assert read_model_name(text, own_server=True) == (None, text)
    assert read_model_name("anthropic/claude-sonnet-5", own_server=True) == ("anthropic", "claude-sonnet-5")


@pytest.mark.parametrize(
    ("text", "meant"),
    [("opnai/gpt-5", "openai"), ("claud/claude-5", "anthropic"), ("gorq/llama", "groq"), ("kimi/kimi-k3", "moonshot")],
)
def test_a_misspelt_provider_is_answered_with_the_one_that_is_meant(text: str, meant: str) -> None:
    for own_server in (False, True):
        with pytest.raises(ConfigurationError, match=f"Did you mean '{meant}'"):
            read_model_name(text, own_server=own_server)


def test_a_name_that_is_none_is_refused() -> None:
    for text in ("", "  ", None, 42):
        with pytest.raises(ConfigurationError, match="a model is named by a text such as 'openai/"):
            read_model_name(text)  # type: ignore[arg-type]  # what somebody might try
    with pytest.raises(ConfigurationError, match="no model after the '/'"):
        read_model_name("openai/")


def test_an_api_key_that_is_taken_for_a_name_is_not_shown() -> None:
    key = "sk-proj-1a2B3c4D5e6F7g8H9i0J"
    for text, provider in ((key, None), ("gpt-5", key), (f"{key}/gpt-5", None)):
        with pytest.raises(ConfigurationError, match="API key") as refused:
            read_model_name(text, provider)
        assert key not in str(refused.value)


def test_a_named_provider_moves_a_call_and_a_model_alone_does_not() -> None:
    assert read_next_model_name("anthropic/claude-sonnet-5", "openai") == ("anthropic", "claude-sonnet-5")
    assert read_next_model_name("claude-sonnet-5", "openai") == ("openai", "claude-sonnet-5")
    assert read_next_model_name("anthropic/claude-sonnet-5", "groq") == ("anthropic", "claude-sonnet-5")
    assert read_next_model_name("openai/gpt-5", "vertex") == ("openai", "gpt-5")
    assert read_next_model_name("openai/gpt-5", "openai") == ("openai", "gpt-5")
    assert read_next_model_name("openai/gpt-5", "unknown") == ("unknown", "openai/gpt-5")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("openai:gpt-5.4-mini", "'openai/gpt-5.4-mini'"),
        ("anthropic:claude-sonnet-5", "'anthropic/claude-sonnet-5'"),
        ("ollama:llama3", "'ollama/llama3'"),
        ("/claude-sonnet-5", "'anthropic/claude-sonnet-5'"),
        ("/my-model", "'openai/gpt-5.4-mini'"),
    ],
)
def test_a_wrong_separator_is_answered_with_the_right_form(text: str, meant: str) -> None:
    with pytest.raises(ConfigurationError, match=meant):
        read_model_name(text)


def test_a_colon_that_is_part_of_an_id_stays() -> None:
    assert read_next_model_name("mistral:latest", "ollama") == ("ollama", "mistral:latest")
    assert read_next_model_name("openai:gpt-4o", "openai_compatible") == ("openai_compatible", "openai:gpt-4o")
    assert read_next_model_name("ft:gpt-4o-mini:org::1", "openai") == ("openai", "ft:gpt-4o-mini:org::1")
    assert read_model_name("openai/openai:gpt-4o") == ("openai", "openai:gpt-4o")


def test_a_misspelt_provider_in_a_call_is_not_sent_to_the_maker_in_use() -> None:
    for text in ("antropic/claude-sonnet-5", "anthropic:claude-sonnet-5"):
        with pytest.raises(ConfigurationError, match="Did you mean 'anthropic"):
            read_next_model_name(text, "openai")
    assert read_next_model_name("antropic/model", "together") == ("together", "antropic/model")


def test_another_provider_alone_is_no_model_of_a_maker() -> None:
    assert read_next_model_name("anthropic", "openai") == ("anthropic", None)
    assert read_next_model_name("mistral", "ollama") == ("ollama", "mistral")


def test_aliases_stand_for_providers_and_for_no_other_name() -> None:
    names = {fold_name(name) for name in PROVIDERS}
    assert all(fold_name(alias) not in names and provider_name(alias) == own for alias, own in ALIASES.items())
    assert len({fold_name(alias) for alias in ALIASES}) == len(ALIASES)
