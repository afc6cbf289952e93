"""Models: name, limits, capabilities and prices, and the entries of a provider's model list."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from ..model_base import FrozenModel, read_old_fields

OLD_SETTINGS = frozenset({"max_output_tokens_reasoning_mode", "reasoning_control", "supported_reasoning_efforts"})
OLD_MODEL_FIELDS = frozenset(
    {
        "beta", "costData", "displayName", "enabled", "foundationModel", "foundation_model", "functionalType",
        "modelName", "order", "referenceNumber", "reference_number", "validOptions",
    }
)  # fmt: skip


class ChatModelSettings(FrozenModel):
    """Limits of a chat model in tokens, and its reasoning support. None means unknown: no limit is enforced.

    Attributes:
        max_context_window_tokens: Maximum number of input and output tokens together.
        max_input_tokens: Maximum number of input tokens.
        max_output_tokens: Maximum number of output tokens.
        supports_reasoning: Whether the model can reason.
        max_reasoning_tokens: Maximum number of reasoning tokens.
        reasoning_efforts: Supported values of `reasoning_effort`; empty if unknown.
        input_modalities: Supported input, such as `text`, `image`, `pdf`, `audio` and `video`; empty if unknown.
        refused_parameters: Parameters that the model does not accept; empty if unknown.
        host: Provider whose limits and rules these are, in constants. Other providers do not apply them. Default None:
            they are yours, and apply wherever the model is served.
    """

    max_context_window_tokens: int | None = Field(default=None, gt=0)
    max_input_tokens: int | None = Field(default=None, gt=0)
    max_output_tokens: int | None = Field(default=None, gt=0)
    supports_reasoning: bool | None = None
    max_reasoning_tokens: int | None = Field(default=None, gt=0)
    reasoning_efforts: tuple[str, ...] = ()
    input_modalities: tuple[str, ...] = ()
    refused_parameters: tuple[str, ...] = ()
    host: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_old_fields(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and not OLD_SETTINGS.isdisjoint(given):
            return read_old_fields("ChatModelSettings", given)
        return given


class ValidOptionValue(FrozenModel):
    """The values that one model option may take.

    Attributes:
        allowed_values: The values; empty for any.
        default_value: Value for calls that do not set the option. Default None.
        description: Description for people. Default None.
        cost_sensitive: Whether the price depends on the option. Default False.
        display_only: Whether the option is only shown to people. Default False.
    """

    allowed_values: tuple[Any, ...] = ()
    default_value: Any = None
    description: str | None = None
    cost_sensitive: bool = False
    display_only: bool = False


class ChatModelCostData(FrozenModel):
    """Prices of a chat model in US dollars per million tokens.

    Attributes:
        input_token_cost_per_million: Price of input tokens that are not cached.
        output_token_cost_per_million: Price of output tokens, reasoning included.
        cache_read_cost_per_million: Price of input tokens read from the cache. Default None: unknown.
        cache_write_cost_per_million: Price of input tokens written to the cache. Default None: unknown.
        cost_multiplier_percentage: Your margin in per cent; the cost with it is `cost.charge`. Default None: none.
        source: Price list that the prices are from. Default None: they are yours, and calculate the cost. Prices with a
            source are for display; the cost is calculated from the whole price list.
    """

    input_token_cost_per_million: Decimal = Field(ge=0)
    output_token_cost_per_million: Decimal = Field(ge=0)
    cache_read_cost_per_million: Decimal | None = Field(default=None, ge=0)
    cache_write_cost_per_million: Decimal | None = Field(default=None, ge=0)
    cost_multiplier_percentage: float | None = Field(default=None, allow_inf_nan=False)
    source: str | None = None


class ImageModelCostData(FrozenModel):
    """Price of an image model: one price for every image, or one for each combination of options.

    Attributes:
        flat_cost_per_image: US dollars per image. Default None.
        image_options_cost_data: Options, such as size and quality, each with the price of an image in US
            dollars.
        cost_multiplier_percentage: Your margin in per cent; the cost with it is `cost.charge`. Default None: none.
        source: Where the prices are from. Default None: they are yours.
    """

    flat_cost_per_image: Decimal | None = Field(default=None, ge=0)
    image_options_cost_data: tuple[dict[str, Any], ...] = ()
    cost_multiplier_percentage: float | None = Field(default=None, allow_inf_nan=False)
    source: str | None = None

    @field_validator("image_options_cost_data", mode="before")
    @classmethod
    def _read_none(cls, given: Any) -> Any:
        return () if given is None else given

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.flat_cost_per_image is None) == (not self.image_options_cost_data):
            raise ValueError("set either flat_cost_per_image or image_options_cost_data")
        return self


class AudioModelCostData(FrozenModel):
    """Price of an audio model in US dollars: per minute of audio, or per million characters of spoken text.

    Attributes:
        cost_per_minute: US dollars per minute of audio. Default None.
        cost_per_million_characters: US dollars per million characters of spoken text. Default None.
    """

    cost_per_minute: Decimal | None = Field(default=None, ge=0)
    cost_per_million_characters: Decimal | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _one_at_least(self) -> Self:
        if self.cost_per_minute is None and self.cost_per_million_characters is None:
            raise ValueError("set cost_per_minute or cost_per_million_characters")
        return self


AnyCostData = ChatModelCostData | ImageModelCostData | AudioModelCostData


FunctionalType = Literal[
    "text_generation",
    "image_generation",
    "video_generation",
    "text_to_speech",
    "speech_to_text",
    "embedding",
    "rerank",
    "ocr",
    "moderation",
    "realtime",
]


class AIModel(FrozenModel):
    """A model. Only `model_name` is required.

    Attributes:
        model_name: The provider's name of the model.
        provider: Provider that the model belongs to.
        display_name: Name for display.
        functional_type: What the model generates. Default `"text_generation"`.
        base_model: Name of the model behind a deployment or an alias.
        settings: Limits and capabilities.
        cost_data: Prices that replace those of the catalog.
        parameters: Parameters that are copied into every request unchanged.
        valid_options: If set, the only options that a call may set, with their values.
        metadata: Data for your own use.
    """

    model_name: str = Field(min_length=1)
    provider: str | None = None
    display_name: str | None = None
    functional_type: FunctionalType = "text_generation"
    base_model: str | None = None
    settings: ChatModelSettings | None = None
    cost_data: AnyCostData | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    valid_options: dict[str, ValidOptionValue] | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _read_old_fields(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and not OLD_MODEL_FIELDS.isdisjoint(given):
            return read_old_fields("AIModel", given)
        return given


class ModelListing(FrozenModel):
    """One model from the provider's model list. Fields that the provider does not send are None or empty.

    Attributes:
        id: The provider's name of the model.
        provider: The provider.
        display_name: Name for display.
        owner: Who the model is from.
        context_window: Maximum number of input and output tokens together.
        max_output_tokens: Maximum number of output tokens.
        created: When the model was created.
        capabilities: Capabilities in the words of the provider.
        input_modalities: Supported input.
        output_modalities: Supported output.
        raw: The full entry.
    """

    id: str
    provider: str
    display_name: str | None = None
    owner: str | None = None
    context_window: int | None = None
    max_output_tokens: int | None = None
    created: datetime | None = None
    capabilities: tuple[str, ...] = ()
    input_modalities: tuple[str, ...] = ()
    output_modalities: tuple[str, ...] = ()
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)
