"""Values are validated by pydantic, from the first instance of a class on."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from dhenara.ai.errors import ConfigurationError
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelAPIProviderEnum,
    AIModelCallConfig,
    AIModelEndpoint,
    ChatModelSettings,
    RunLimits,
    Timeouts,
)
from dhenara.ai.types.model_base import FrozenModel

TIMES = 10
"""More instances than any shortcut for the first ones would take."""


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (AIModelAPI, {"provider": "openai", "api_key": "k", "config": {"base_url": "u"}}),
        (AIModelAPI, {"provider": AIModelAPIProviderEnum.OPEN_AI, "api_key": None}),
        (AIModelAPI, {"provider": "groq", "api_key": SecretStr("k")}),
        (AIModelCallConfig, {"max_output_tokens": 5, "temperature": 0.5, "stop": "x", "timeout": 3.0}),
        (AIModelCallConfig, {"reasoning_effort": "low", "timeout": Timeouts(), "headers": {"a": "b"}}),
        (ChatModelSettings, {"max_output_tokens": 5, "reasoning_efforts": ("low",)}),
    ],
)
def test_every_instance_of_a_class_is_made_alike(kind: type[FrozenModel], fields: dict[str, Any]) -> None:
    made = [kind(**fields) for _ in range(TIMES)]
    assert all(one == made[0] and repr(one) == repr(made[0]) for one in made)
    assert all(one.model_fields_set == fields.keys() for one in made)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (AIModelAPI, {"provider": "  "}),
        (AIModelAPI, {"provider": 3}),
        (AIModelAPI, {}),
        (AIModelAPI, {"provider": "openai", "key": "k"}),
        (AIModelAPI, {"provider": "openai", "api_key": 3}),
        (AIModel, {"model_name": "a\ud800"}),
        (AIModelCallConfig, {"max_output_tokens": 0}),
        (AIModelCallConfig, {"temperature": float("inf")}),
    ],
)
def test_invalid_values_are_refused_each_time(kind: type[FrozenModel], fields: dict[str, Any]) -> None:
    for _ in range(TIMES):
        with pytest.raises(ValidationError):
            kind(**fields)


def test_nested_dicts_become_values() -> None:
    endpoint = AIModelEndpoint(api={"provider": "openai"}, ai_model={"model_name": "m"})  # type: ignore[arg-type]
    assert isinstance(endpoint.api, AIModelAPI)


@pytest.mark.parametrize("name", ["base_url", "headers", "protocol", "region", "api_version"])
def test_a_setting_of_the_connection_belongs_into_config(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name} is a part of config: ") as raised:
        AIModelAPI(provider="openai", **{name: "sk-secret"})  # type: ignore[arg-type]
    assert repr(raised.value) == f"InvalidValueError({str(raised.value)!r})"


def test_the_repr_of_an_error_is_its_sentence_without_the_value() -> None:
    with pytest.raises(ConfigurationError) as raised:
        RunLimits(max_tokens="sk-secret")  # type: ignore[call-arg]
    assert repr(raised.value) == f"InvalidValueError({str(raised.value)!r})"
    assert "sk-secret" not in repr(raised.value)
