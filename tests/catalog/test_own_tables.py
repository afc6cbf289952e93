"""Own prices and limits from a file: they win over the tables, unit by unit, and a mistake is named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai.catalog import find_facts, forget_own_tables, load_own_tables, price_usage, use_tables
from dhenara.ai.catalog.model_info import EndpointFacts
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, ChatModelCostData, Cost, Usage

NOW = datetime(2026, 11, 21, tzinfo=UTC)
MILLION = 1_000_000
PRICES = """
[[prices]]
host = "openai"
model = "gpt-5.2"
unit = "input"
price = 1.0
source = "contract 7"

[[prices]]
host = "openai"
model = "gpt-5.2"
unit = "input"
price = 0.4
tier = "flex"

[[prices]]
host = "openai"
model = "gpt-5.2"
unit = "input"
price = 3
above = 200_000

[[prices]]
host = "azure"
model = "Our-Deployment"
rates = { input = 2, output = "8.5" }
from = 2026-06-01
until = "2027-01-01"

[[prices]]
host = "vllm"
model = "qwen"
unit = "seconds"
price = 0.6
per = 60

[[prices]]
host = "deepgram"
model = "nova-9"
unit = "characters"
price = 0.03
per = 1000

[[limits]]
host = "openai"
model = "gpt-5.2"
max_output_tokens = 1234
source = "our proxy"
"""


ROW = 'host = "openai"\nmodel = "m"\n'


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    forget_own_tables()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "prices.toml"
    path.write_text(PRICES, encoding="utf-8")
    return path


def cost_of(provider: str, model: str, usage: Usage, *, cost_data: Any = None, **more: Any) -> Cost:
    api = AIModelAPI(provider=provider, api_key="k", config={"base_url": "http://127.0.0.1"})
    endpoint = AIModelEndpoint(api=api, ai_model=AIModel(model_name=model), cost_data=cost_data)
    return price_usage(endpoint, usage, **{"at": NOW, **more})


def test_an_own_price_replaces_that_of_its_unit_only(file: Path) -> None:
    usage = Usage(input_tokens=100_000, output_tokens=100_000)
    listed = cost_of("openai", "gpt-5.2", usage)
    load_own_tables(file)
    cost = cost_of("openai", "gpt-5.2", usage)
    assert cost.components == {"input": Decimal("0.1"), "output": listed.components["output"]}
    assert cost.source == f"prices.toml: contract 7, {listed.source}"
    assert cost_of("openai", "gpt-5.2", Usage(input_tokens=1)).source == "prices.toml: contract 7"
    assert cost_of("openai", "gpt-5.2-2025-12-11", usage).components["input"] == Decimal("0.1")


def test_an_own_price_belongs_to_its_tier_and_size(file: Path) -> None:
    load_own_tables(file)
    usage = Usage(input_tokens=100_000)
    assert cost_of("openai", "gpt-5.2", usage, service_tier="flex").amount == Decimal("0.04")
    batch = cost_of("openai", "gpt-5.2", usage, service_tier="batch")
    assert "prices.toml" not in (batch.source or "")
    assert cost_of("openai", "gpt-5.2", Usage(input_tokens=300_000)).amount == Decimal("0.9")


def price_row(price: int, more: str) -> str:
    return f"[[prices]]\n{ROW}unit = 'input'\nprice = {price}\n{more}\n"


EXACT = ["options = { mode = ['batch', 'fast'] }", "above = 1000", "from = 2026-06-01", ""]


@pytest.mark.parametrize("order", [EXACT, EXACT[::-1]], ids=["exact first", "exact last"])
@pytest.mark.parametrize(
    ("tokens", "used", "early", "price"),
    [
        (1000, {}, True, 4),
        (1000, {}, False, 3),
        (1001, {}, False, 2),
        (1000, {"mode": "slow"}, False, 3),
        (1000, {"mode": "Fast"}, False, 1),
        (1001, {"mode": "batch"}, False, 1),
    ],
)
def test_the_row_with_more_conditions_wins_wherever_it_stands(
    order: list[str], tokens: int, used: dict[str, str], early: bool, price: int, file: Path
) -> None:
    file.write_text("".join(price_row(EXACT.index(more) + 1, more) for more in order))
    load_own_tables(file)
    usage = Usage(input_tokens=tokens, options=used)
    at = datetime(2026, 5, 31, tzinfo=UTC) if early else NOW
    assert cost_of("openai", "m", usage, at=at).amount == Decimal(price) * tokens / MILLION


def test_the_price_of_a_region_is_for_calls_there_alone(file: Path) -> None:
    file.write_text(price_row(5, "region = 'eu'") + price_row(1, "above = 10"))
    load_own_tables(file)
    usage = Usage(input_tokens=MILLION)
    assert [cost_of("openai", "m", usage, region=region).amount for region in ("eu", "us", None)] == [5, 1, 1]


def test_what_no_table_has_can_be_priced(file: Path) -> None:
    load_own_tables(file)
    cost = cost_of("microsoft_openai", "our-deployment", Usage(input_tokens=MILLION, output_tokens=MILLION))
    assert (cost.amount, cost.source) == (Decimal("10.5"), "prices.toml")
    early = datetime(2026, 5, 31, tzinfo=UTC)
    assert cost_of("microsoft_openai", "our-deployment", Usage(input_tokens=1), at=early).amount is None
    assert cost_of("deepgram", "nova-9", Usage(units={"characters": 2000})).amount == Decimal("0.06")


def test_a_local_server_costs_what_the_file_says(file: Path) -> None:
    usage = Usage(units={"seconds": 90})
    assert cost_of("vllm", "qwen", usage).amount == 0
    load_own_tables(file)
    assert cost_of("vllm", "qwen", usage).amount == Decimal("0.9")
    assert cost_of("vllm", "llama", usage).amount == 0


def test_cost_data_and_the_providers_figure_win_over_the_file(file: Path) -> None:
    load_own_tables(file)
    mine = ChatModelCostData(input_token_cost_per_million=Decimal(7), output_token_cost_per_million=Decimal(7))
    assert cost_of("openai", "gpt-5.2", Usage(input_tokens=MILLION), cost_data=mine).amount == 7
    assert cost_of("openai", "gpt-5.2", Usage(input_tokens=MILLION, reported_cost=0.5)).amount == Decimal("0.5")


def test_own_limits_are_facts_of_that_host(file: Path) -> None:
    load_own_tables(file)
    facts = find_facts("gpt-5.2", "openai")
    assert facts is not None
    assert facts.max_output_tokens == 1234
    assert facts.sources["max_output_tokens"].name == "prices.toml: our proxy"
    elsewhere = find_facts("gpt-5.2", "microsoft_openai")
    assert elsewhere is None or elsewhere.max_output_tokens != 1234


@pytest.mark.parametrize("forget", [True, False])
def test_limits_that_are_no_longer_in_a_file_are_forgotten(forget: bool, file: Path) -> None:
    listed = find_facts("gpt-5.2", "openai")
    load_own_tables(file)
    assert find_facts("gpt-5.2", "openai") != listed
    if forget:
        forget_own_tables()
    else:
        file.write_text("")
        load_own_tables(file)
    assert find_facts("gpt-5.2", "openai") == listed


def test_the_file_that_was_loaded_last_wins_and_loading_again_replaces(file: Path, tmp_path: Path) -> None:
    load_own_tables(file)
    other = tmp_path / "other.toml"
    other.write_text('[[prices]]\nhost = "openai"\nmodel = "gpt-5.2"\nunit = "input"\nprice = 5\n')
    load_own_tables(other)
    assert cost_of("openai", "gpt-5.2", Usage(input_tokens=100_000)).amount == Decimal("0.5")
    load_own_tables(file)
    assert cost_of("openai", "gpt-5.2", Usage(input_tokens=100_000)).amount == Decimal("0.1")
    other.write_text("")
    load_own_tables(other)
    assert cost_of("openai", "gpt-5.2", Usage(input_tokens=100_000)).amount == Decimal("0.1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[prices]\n", "no valid TOML"),
        ("[prices]\nhost = 'openai'\n", r"write \[\[prices\]\] with two brackets"),
        ("[[price]]\n", r"unknown table \[price\]"),
        ("[[prices]]\nmodel = 'm'\nunit = 'input'\nprice = 1\n", r"\[\[prices\]\] row 1, host: write the name"),
        (f"[[prices]]\n{ROW}unit = 'input'\nprice = -1\n", r"row 1, price: -1 is not a price"),
        (f"[[prices]]\n{ROW}unit = 'input'\nprice = nan\n", r"row 1, price: nan is not a price"),
        (f"[[prices]]\n{ROW}unit = 'inputs'\nprice = 1\n", r"row 1, inputs: no such unit; did you mean input\?"),
        (f"[[prices]]\n{ROW}unit = 'input'\n", r"row 1, price: None is not a price"),
        (f"[[prices]]\n{ROW}", r"row 1, rates: write either"),
        (f"[[prices]]\n{ROW}rates = {{}}\n", r"row 1, rates: at least one unit"),
        (f"[[prices]]\n{ROW}rates = {{ input = 'x' }}\n", r"row 1, rates.input: 'x' is not a price"),
        (f"[[prices]]\n{ROW}unit = 'input'\nprice = 1\nper = 0\n", r"row 1, per: 0 is not a number of units"),
        (f"[[prices]]\n{ROW}unit = 'input'\nprice = 1\nform = 2026-01-01\n", r"row 1, form: no such field"),
        (f"[[prices]]\n{ROW}unit = 'input'\nprice = 1\nfrom = 'May'\n", r"row 1, from: 'May' is not a date"),
        (f"[[prices]]\n{ROW}unit = 'input'\nprice = 1\nabove = 'big'\n", r"row 1, above: 'big' is not a number"),
        (f"[[prices]]\n{ROW}unit = 'input'\nprice = 1\ntier = 7\n", r"row 1, tier: 7 is not a name"),
        (
            "[[prices]]\nhost = 'opena'\nmodel = 'm'\nunit = 'input'\nprice = 1\n",
            r"host: there is no provider 'opena'; did",
        ),
        (
            f"[[prices]]\n{ROW}unit = 'input'\nprice = 1\nfrom = 2026-05-01\nuntil = 2026-05-01\n",
            r"row 1, until: 2026-05-01 is not after from",
        ),
        (
            f"[[prices]]\n{ROW}unit = 'input'\nprice = '1e400'\n",
            r"row 1, price: '1e400' is not a price; write US dollars",
        ),
        (
            f"[[prices]]\n{ROW}unit = 'input'\nprice = 1\n[[prices]]\n{ROW}rates = {{ input = 2 }}\n",
            r"two prices of input for openai/m under the same conditions, 1 and 2\. Delete one",
        ),
        ("prices = [1]\n", r"\[\[prices\]\] row 1, host: a row is a table with host and model"),
        (f"x = {'[' * 5000}{']' * 5000}\n", "no valid TOML"),
        (f"[[limits]]\n{ROW}", r"\[\[limits\]\] row 1, max_output_tokens: write at least one"),
        (f"[[limits]]\n{ROW}max_output_tokens = 0\n", r"row 1, max_output_tokens: 0 is not a number"),
    ],
)
def test_a_mistake_is_named_with_file_row_and_field_and_what_was_loaded_stays(
    file: Path, text: str, message: str
) -> None:
    load_own_tables(file)
    wrong = file.with_name("wrong.toml")
    wrong.write_text(text)
    with pytest.raises(ConfigurationError, match=rf"wrong\.toml.*{message}"):
        load_own_tables(wrong)
    assert cost_of("openai", "gpt-5.2", Usage(input_tokens=100_000)).amount == Decimal("0.1")


def test_the_default_tier_may_be_named_and_spelling_does_not_matter(file: Path) -> None:
    rows = [("default", 1), ("Batch", 2)]
    file.write_text(
        "".join(f"[[prices]]\n{ROW}unit = 'input'\nprice = {price}\ntier = '{tier}'\n" for tier, price in rows)
    )
    load_own_tables(file)
    usage = Usage(input_tokens=MILLION)
    assert [cost_of("openai", "m", usage, service_tier=tier).amount for tier in (None, "batch")] == [1, 2]


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.toml: cannot be read"):
        load_own_tables(tmp_path / "none.toml")


def longest(known: EndpointFacts, endpoint: AIModelEndpoint) -> int | None:
    facts = known.find(endpoint)
    return None if facts is None else facts.max_output_tokens


def test_facts_of_an_endpoint_follow_limits_that_are_loaded_later(file: Path) -> None:
    known, endpoint = EndpointFacts(), AIModelEndpoint.of("openai/gpt-5.2", "k")
    listed = longest(known, endpoint)
    load_own_tables(file)
    assert longest(known, endpoint) == 1234
    forget_own_tables()
    assert longest(known, endpoint) == listed != 1234


def test_facts_of_an_endpoint_follow_other_tables(tmp_path: Path) -> None:
    known, endpoint = EndpointFacts(), AIModelEndpoint.of("openai/gpt-5.2", "k")
    before = known.find(endpoint)
    assert known.find(endpoint) is before
    try:
        use_tables(tmp_path)
        assert known.find(endpoint) is not before
    finally:
        use_tables(None)
