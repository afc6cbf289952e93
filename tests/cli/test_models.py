"""`ai-utilities models`: the provider's own list, or the catalogue, with prices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ai_utilities.providers.models import all_models, models_from_catalog
from dhenara.ai.catalog import forget_own_tables
from dhenara.ai.testing import FakeServer, Raw, Refusal

OWN = Raw(b'{"data": [{"id": "gpt-5.2", "owned_by": "openai"}, {"id": "ours-7b", "owned_by": "us"}]}')


def test_the_providers_own_list_comes_with_what_is_known(cli: Any, at_server: FakeServer) -> None:
    at_server.add_replies(OWN)
    first, second = json.loads(cli("models", "--json").out)
    assert (first["model"], first["source"], first["kind"]) == ("gpt-5.2", "live", "chat")
    assert float(first["price_out"]) > float(first["price_in"]) > 0
    assert first["context_window"] == 400_000
    assert (second["model"], second["price_in"], second["kind"]) == ("ours-7b", None, None)


def test_the_table_says_where_it_comes_from(cli: Any, at_server: FakeServer) -> None:
    at_server.add_replies(OWN)
    done = cli("models", "ours")
    assert done.out.splitlines()[-1].split()[0] == "ours-7b"
    assert done.err == "1 of 2 models, from the list of openai\n"


def test_the_catalogue_stands_in_where_the_list_cannot_be_had(cli: Any, at_server: FakeServer) -> None:
    at_server.add_replies(Refusal(401, "no"))
    refused = cli("models", "gpt-5.2")
    assert "gpt-5.2" in refused.out
    assert "from the catalogue, for openai: " in refused.err
    assert "no key is set" in cli("models", "-p", "anthropic", "sonnet").err


def test_offline_asks_nobody(cli: Any, at_server: FakeServer) -> None:
    done = cli("models", "--offline", "gpt-5.2", "reasoning")
    assert "gpt-5.2" in done.out
    assert "gpt-4.1 " not in done.out
    assert not at_server.exchanges


def test_with_nobody_configured_the_whole_catalogue_is_shown(
    cli: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ai_utilities.providers.defaults.is_reachable", lambda address: False)
    monkeypatch.setattr("ai_utilities.providers.defaults.find_spec", lambda name: None)
    done = cli("models", "claude")
    assert "claude-" in done.out
    assert "no provider is configured" in done.err


def test_a_provider_whose_models_nobody_knows_is_an_error(cli: Any, at_server: FakeServer) -> None:
    assert cli("models", "-p", "nobody").code == 2
    assert "HF_TOKEN" in cli("models", "-p", "huggingface").err


def test_every_model_of_the_catalogue_can_be_shown(cli: Any, at_server: FakeServer) -> None:
    done = cli("models", "--all")
    assert len(done.out.splitlines()) == len(all_models()) + 2
    assert {offer.provider for offer in all_models() if offer.price_in is not None} >= {"google_ai", "xai"}


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("deepinfra", "meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8"),
        ("fireworks", "accounts/fireworks/models/llama4-maverick-instruct-basic"),
        ("amazon_bedrock", "anthropic.claude-sonnet-5"),
        ("google_vertex_ai", "claude-sonnet-5"),
    ],
)
def test_models_of_a_host_are_those_of_its_table(provider: str, model: str) -> None:
    models = models_from_catalog(provider)
    names = [info.model for info in models]
    assert model in names
    assert len(names) == len(set(names))
    info = next(info for info in models if info.model == model)
    assert info.max_output_tokens
    assert info.provider == provider


def test_a_model_is_explained_with_each_fact_and_price_by_source(cli: Any) -> None:
    shown = cli("models", "--explain", "openai/gpt-image-1").out
    assert shown.startswith("gpt-image-1 at openai\n")
    assert "prices of gpt-image-1 in prices/openai.json of 20" in shown
    assert "now  [usual] input 5" in shown
    assert "differs: LiteLLM" in shown
    explained = json.loads(cli("models", "--explain", "gpt-5.2", "-p", "openai", "--json").out)
    assert explained["prices"]["model"] == "gpt-5.2"
    assert explained["prices"]["prices"][0]["rates"]["input"] == "1.75"
    assert {"fact", "value", "source"} == set(explained["facts"][0])


@pytest.mark.parametrize("host", ["groq", "deepinfra"])
def test_a_model_of_another_vendor_is_explained_at_the_host_of_the_option(cli: Any, host: str) -> None:
    assert cli("models", "--explain", "openai/gpt-oss-120b", "-p", host).out.startswith(
        f"openai/gpt-oss-120b at {host}"
    )


def test_facts_of_a_model_are_shown_without_python_syntax(cli: Any) -> None:
    lines = cli("models", "--explain", "openai/gpt-5.2").out.partition("prices of")[0].splitlines()
    shown = {line.split()[0]: line for line in lines[1:]}
    assert " 400,000 tokens " in shown["context_window"]
    assert " text, image, pdf " in shown["input_modalities"]
    assert " yes " in shown["tools"]
    assert not [line for line in lines if "('" in line or "{'" in line]
    facts = json.loads(cli("models", "--explain", "openai/gpt-5.2", "--json").out)["facts"]
    assert {fact["fact"]: fact["value"] for fact in facts}["context_window"] == 400_000


def test_an_unknown_price_is_explained(cli: Any) -> None:
    done = cli("models", "--explain", "gemini-3.8-flash-anything-at-all", "-p", "google_ai")
    assert "no price: the price table of google_ai (" in done.err
    assert "does not have gemini-3.8-flash-anything-at-all" in done.err


def test_own_prices_are_explained_and_shown(cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "prices.toml"
    file.write_text('[[prices]]\nhost = "openai"\nmodel = "gpt-5.2"\nunit = "input"\nprice = 3\nsource = "contract"\n')
    monkeypatch.setenv("AI_PRICES_FILE", str(file))
    try:
        shown = cli("models", "--explain", "openai/gpt-5.2").out
        assert "your own price, which wins: [usual] input 3 - prices.toml: contract" in shown
        listed = json.loads(cli("models", "-p", "openai", "--offline", "gpt-5.2", "--json").out)
        assert next(float(one["price_in"]) for one in listed if one["model"] == "gpt-5.2") == 3
    finally:
        forget_own_tables()


def test_a_limit_of_a_file_without_a_date_names_the_file(
    cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "prices.toml"
    file.write_text('[[limits]]\nhost = "openai"\nmodel = "gpt-5.2"\nmax_output_tokens = 100\n')
    monkeypatch.setenv("AI_PRICES_FILE", str(file))
    try:
        lines = cli("models", "--explain", "openai/gpt-5.2").out.splitlines()
        limit = next(line for line in lines if line.startswith("max_output_tokens"))
        assert limit.split()[1:] == ["100", "tokens", "prices.toml"]
    finally:
        forget_own_tables()


def test_refresh_needs_an_address_and_its_flags_belong_to_it(cli: Any) -> None:
    assert "AI_TABLES_URL" in cli("models", "refresh").err
    assert "belong to `ai-utilities models refresh`" in cli("models", "--undo").err
    assert "the tables of the package" in cli("models", "refresh", "--undo").out
