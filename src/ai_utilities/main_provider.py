"""The provider that settings mean: the one that is set, or the one that the name of the model tells."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dhenara.ai.integration import (
    misspelt_provider,
    named_provider,
    provider_name,
    read_model_name,
    read_next_model_name,
)

from .config_origins import OriginLevel, SettingOrigin
from .exceptions import ProviderConfigurationError

if TYPE_CHECKING:
    from .config_models import AiSettings

AUTO = "auto"
"""The provider that stands for the first one that is configured."""

OWN_VARIABLE = "OPENAI_MODEL"
"""A variable of `AiSettings.model` that belongs to one provider."""

OWN_ADDRESS = "OPENAI_BASE_URL"
"""The variable with the address of the default provider."""


@dataclass(frozen=True, slots=True)
class MainProvider:
    """The provider of calls that name none.

    Attributes:
        name: The name; may be `auto`.
        origin: Where it comes from.
        is_named: Whether it was written. False for the default, and for the maker of a model that was written alone.
        from_model: Whether the name of the model tells it.
    """

    name: str
    origin: SettingOrigin
    is_named: bool
    from_model: bool = False


def main_provider(settings: AiSettings) -> MainProvider:
    """Return the provider that settings mean.

    A provider that is set is used, unless a stronger source has a model with another provider before it, as in
    `AiClient("anthropic/claude-sonnet-5")` where AI_PROVIDER is openai. If none is set, a model is called at the
    provider before its `/`, or at its maker.

    Raises:
        ProviderConfigurationError: If the model names an unknown provider, or if several hosts serve it.
    """
    name, origin = settings.provider, settings.origin("provider")
    model, model_origin = settings.model, settings.origin("model")
    is_set = origin.level is not OriginLevel.DEFAULT and name != AUTO
    given = MainProvider(name, origin, is_set)
    if model is None or (model_origin.variable or "").upper() == OWN_VARIABLE:
        return given
    if is_set and model_origin.level <= origin.level:
        return given
    if is_set:
        moved = read_next_model_name(model, name).provider
        stays = moved in (name, provider_name(name))
        return given if stays or moved is None else MainProvider(moved, model_origin, True, True)
    try:
        maker = read_model_name(model, own_server=has_own_server(settings)).provider
    except ProviderConfigurationError:
        if name == AUTO and named_provider(model) is None and not misspelt_provider(model):
            return given  # the provider that is found may serve it
        raise
    return given if maker is None else MainProvider(maker, model_origin, named_provider(model) is not None, True)


def has_own_server(settings: AiSettings) -> bool:
    """Whether an address is set for the default provider."""
    return bool(settings.base_url or os.environ.get(OWN_ADDRESS) or settings.dotenv.get(OWN_ADDRESS))
