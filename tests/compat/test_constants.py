"""Model constants carry what the documents promise: limits, prices, options and parameters; copies can be changed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.catalog import own_prices, price_usage
from dhenara.ai.compat import AIModelFunctionalTypeEnum, AIModelProviderEnum, FoundationModel, ImageModelSettings
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelAPIProviderEnum,
    AIModelCallConfig,
    AIModelEndpoint,
    ChatModelCostData,
    ChatModelSettings,
    ImageModelCostData,
    Usage,
    ValidOptionValue,
)
from dhenara.ai.types.genai.foundation_models import ALL_CHAT_MODELS, ALL_IMAGE_MODELS
from dhenara.ai.types.genai.foundation_models.anthropic.chat import ClaudeSonnet45
from dhenara.ai.types.genai.foundation_models.google.chat import Gemini25Pro
from dhenara.ai.types.genai.foundation_models.google.image import Imagen3
from dhenara.ai.types.genai.foundation_models.openai.chat import GPT52
from dhenara.ai.types.genai.foundation_models.openai.image import DallE3, GPTImage2, GPTImage15

WITHOUT_PRICE = {
    "command-a-plus-05-2026", "gemini-4-carbon", "gpt-oss-120b", "gpt-oss-20b", "grok-imagine-image-2.0",
    "gpt-6.2-astra", "gpt-6.2-sol", "gpt-image-2.6-flare",
    "gpt-image-2.6-sunburst", "north-mini-code",
}  # fmt: skip
"""Models that the tables have no price for."""


def endpoint_of(model: AIModel) -> AIModelEndpoint:
    return AIModelEndpoint(api=AIModelAPI(provider=str(model.provider), api_key="k"), ai_model=model)


def test_constants_carry_their_prices_where_the_list_has_them() -> None:
    unpriced = {model.model_name for model in (*ALL_CHAT_MODELS, *ALL_IMAGE_MODELS) if model.cost_data is None}
    assert unpriced == WITHOUT_PRICE
    prices = GPT52.cost_data
    assert isinstance(prices, ChatModelCostData)
    assert (prices.input_token_cost_per_million, prices.output_token_cost_per_million) == (Decimal("1.75"), Decimal(14))
    assert prices.cache_read_cost_per_million == Decimal("0.175")
    assert prices.source is not None
    assert prices.source.endswith(" (openai)")


def test_constants_carry_limits_and_refused_parameters() -> None:
    settings = GPT52.settings
    assert settings is not None
    assert (settings.max_output_tokens, settings.max_context_window_tokens) == (128_000, 400_000)
    assert "xhigh" in settings.reasoning_efforts
    assert sum(model.settings is not None for model in ALL_CHAT_MODELS) > 100
    refusing = [model.settings.refused_parameters for model in ALL_CHAT_MODELS if model.settings]
    assert ("temperature", "top_p", "top_k") in refusing


def test_the_shown_prices_do_not_replace_the_tiers_of_the_list() -> None:
    endpoint = endpoint_of(Gemini25Pro)
    assert own_prices(endpoint) is None
    cost = price_usage(endpoint, Usage(input_tokens=300_000))
    assert cost is not None
    assert cost.amount == Decimal("0.75")
    assert cost.source is not None
    assert cost.source.endswith("(google_ai)")


def test_images_without_a_list_price_cost_what_their_constant_says() -> None:
    usage = Usage(units={"images": 2}, options={"quality": "hd", "size": "1024x1792"})
    cost = price_usage(endpoint_of(DallE3), usage)
    assert cost is not None
    assert cost.amount == Decimal("0.24")
    flat = Imagen3.cost_data
    assert isinstance(flat, ImageModelCostData)
    assert flat.flat_cost_per_image == Decimal("0.04")


def test_options_of_image_models_are_checked_by_value() -> None:
    size = (GPTImage15.valid_options or {})["size"]
    assert size.allowed_values == ("auto", "1024x1024", "1536x1024", "1024x1536")
    assert size.cost_sensitive
    client = AIModelClient(endpoint_of(GPTImage15))
    with pytest.raises(ConfigurationError, match="does not accept size='9x9'"):
        client.generate("A cat", options={"size": "9x9"})


def test_an_option_without_listed_values_takes_any() -> None:
    with FakeServer(Answer(""), forever=True) as server:
        api = AIModelAPI(provider="openai", api_key="k", config={"base_url": server.url})
        client = AIModelClient(AIModelEndpoint(api=api, ai_model=GPTImage2))
        client.generate("A cat", options={"size": "1536x864"})
        assert server.exchanges[0].json["size"] == "1536x864"


def test_a_margin_is_shown_with_the_cost() -> None:
    prices = ChatModelCostData(
        input_token_cost_per_million=Decimal(5),
        output_token_cost_per_million=Decimal(15),
        cost_multiplier_percentage=20.0,
    )
    endpoint: Any = endpoint_of(GPT52).model_copy(update={"cost_data": prices})
    cost = price_usage(endpoint, Usage(input_tokens=1000, output_tokens=500))
    assert cost is not None
    assert (cost.amount, cost.charge) == (Decimal("0.0125"), Decimal("0.015"))
    charge = endpoint.calculate_usage_charge(Usage(input_tokens=1000, output_tokens=500))
    assert (charge.cost, charge.charge) == (0.0125, 0.015)
    assert [one.key for one in charge.components] == ["input", "output"]
    assert endpoint.calculate_usage_charge(Usage()).cost == 0


def test_a_clone_is_a_copy_that_can_be_changed() -> None:
    sonnet: Any = ClaudeSonnet45
    copy = sonnet.clone(model_name="us.anthropic.claude-sonnet-4-5-v1:0")
    copy.metadata["version_suffix"] = None
    copy.cost_data = ChatModelCostData(input_token_cost_per_million=3.0, output_token_cost_per_million=15.0)
    assert (copy.model_name, copy.base_model) == ("us.anthropic.claude-sonnet-4-5-v1:0", "claude-sonnet-4-5")
    assert copy.settings == ClaudeSonnet45.settings
    assert "version_suffix" not in ClaudeSonnet45.metadata
    assert copy.model_name_with_version_suffix == copy.model_name
    assert not copy.is_foundation_model
    assert sonnet.is_foundation_model
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        copy.cost_data = {"input_token_cost_per_million": -1, "output_token_cost_per_million": 1}


def test_a_clone_is_called_on_bedrock() -> None:
    with FakeServer(Answer("A joke."), forever=True) as server:
        api = AIModelAPI(
            provider=AIModelAPIProviderEnum.AMAZON_BEDROCK,
            credentials={"access_key_id": "your_access_key_id", "secret_access_key": "your_secret_access_key"},
            config={"region": "us-east-1", "base_url": server.url},
        )
        sonnet: Any = ClaudeSonnet45
        copy = sonnet.clone(model_name="us.anthropic.claude-sonnet-4-5-v1:0")
        client = AIModelClient(model_endpoint=AIModelEndpoint(api=api, ai_model=copy), is_async=False)
        response = client.generate(prompt={"role": "user", "content": "Tell me a joke."}, context=[], instructions=[])
        assert response.chat_response.text == "A joke."
        assert "us.anthropic.claude-sonnet-4-5-v1" in server.exchanges[0].path


def test_a_model_of_ones_own_is_made_as_in_version_1() -> None:
    custom: Any = FoundationModel(
        model_name="your-custom-model",
        display_name="Your Custom Model",
        provider=AIModelProviderEnum.CUSTOM,
        functional_type=AIModelFunctionalTypeEnum.TEXT_GENERATION,
        settings=ChatModelSettings(max_context_window_tokens=100_000, max_output_tokens=8000),
        valid_options={"style": ValidOptionValue(allowed_values=["a", "b"], default_value="a", cost_sensitive=True)},
        metadata={"details": "Ours"},
        cost_data=ChatModelCostData(input_token_cost_per_million=1.0, output_token_cost_per_million=5.0),
    )
    derived = custom.create_instance(model_name="my-deployment", metadata={"region": "eu"}, order=3)
    assert (derived.order, derived.enabled, derived.display_name) == (3, True, "my-deployment")
    assert derived.metadata["details"] == "Ours"
    assert derived.get_settings() == custom.settings
    assert derived.get_cost_data() == custom.cost_data
    assert derived.validate_options({"style": "b"})
    assert not derived.validate_options({"style": "c"})
    assert derived.get_options_with_defaults({}) == {"style": "a"}
    with pytest.raises(ValueError, match="Unknown options: size"):
        derived.get_options_with_defaults({"size": 1})
    assert derived.get_valid_options().keys() == {"style"}


def test_a_model_may_be_made_from_a_foundation_model() -> None:
    model: Any = AIModel.model_validate(
        {"model_name": "my-gpt", "foundation_model": GPT52, "reference_number": "7", "beta": True}
    )
    assert (model.provider, model.base_model, model.settings) == ("openai", "gpt-5.2", GPT52.settings)
    assert (model.reference_number, model.beta, model.order) == ("7", True, 0)


def test_settings_of_image_models_keep_their_words() -> None:
    model = AIModel(model_name="m", functional_type="image_generation", settings=ImageModelSettings(max_words=1000))
    assert isinstance(model.settings, ImageModelSettings)
    assert model.settings.max_words == 1000


def test_prices_of_version_1_may_name_both_ways_of_pricing_images() -> None:
    rows = [{"size": ["1024x1024"], "cost_per_image": 0.04}]
    assert ImageModelCostData(flat_cost_per_image=None, image_options_cost_data=rows).image_options_cost_data
    assert ImageModelCostData.model_validate({"flat_cost_per_image": 0.04, "image_options_cost_data": None})


def test_a_call_of_a_constant_is_not_limited_by_shown_prices() -> None:
    config = AIModelCallConfig(max_output_tokens=10, options={"anything": 1})
    with FakeServer(Answer("Hi"), forever=True) as server:
        api = AIModelAPI(provider="openai", api_key="k", config={"base_url": server.url})
        AIModelClient(AIModelEndpoint(api=api, ai_model=GPT52), config).generate("Hi")
        assert server.exchanges[0].json["anything"] == 1
