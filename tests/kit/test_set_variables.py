"""The variables of settings are read as pydantic-settings reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ai_utilities import AiSettings
from ai_utilities.config import EnvironmentSettings
from ai_utilities.exceptions import AiUtilitiesError
from support.thorough import examples


class UsualSettings(AiSettings):
    """Settings that are read by the sources of pydantic-settings themselves."""

    @classmethod
    def settings_customise_sources(cls, *given: Any, **sources: Any) -> Any:
        return BaseSettings.settings_customise_sources(*given, **sources)


TEXTS = ["", "1", "0.5", "true", "sqlite", "a,b", "project=atlas", '{"x-team": "a"}', '["a"]', "{", "null", "day"]
VARIABLES = ["AI_MODEL", "OPENAI_MODEL", "Ai_Model", *(f"AI_{name.upper()}" for name in AiSettings.model_fields)]
GIVEN: dict[str, list[Any]] = {
    "model": ["m"],
    "temperature": [0.1],
    "extra_headers": [{"a": "b"}],
    "tags": [{"a": "b"}],
}


def read(cls: type[AiSettings], given: dict[str, Any]) -> Any:
    try:
        return cls(**given).model_dump(warnings=False)
    except AiUtilitiesError as error:
        return str(error).replace(cls.__name__, "")


@settings(max_examples=examples(30))
@given(
    st.dictionaries(st.sampled_from(VARIABLES), st.sampled_from(TEXTS), max_size=4),
    st.dictionaries(st.sampled_from(VARIABLES), st.sampled_from(TEXTS), max_size=4),
    st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in GIVEN.items()}),
)
def test_variables_are_read_as_pydantic_settings_reads_them(
    environment: dict[str, str], dotenv: dict[str, str], given: dict[str, Any]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        Path(".env").write_text("".join(f"{name}='{value}'\n" for name, value in dotenv.items()), encoding="utf-8")
        assert read(AiSettings, given) == read(UsualSettings, given)


@pytest.mark.parametrize("text", ["1", '{"x-team": "a"}', "{", "null"])
def test_each_variable_is_read_as_pydantic_settings_reads_it(text: str) -> None:
    differences = []
    for name in AiSettings.model_fields:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(f"AI_{name.upper()}", text)
            if read(AiSettings, {}) != read(UsualSettings, {}):
                differences.append(name)
    assert not differences


def test_a_subclass_has_fields_of_several_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    class Place(BaseModel):
        city: str = "Rome"

    class OwnSettings(EnvironmentSettings, BaseSettings):
        model_config = SettingsConfigDict(env_nested_delimiter="__")
        place: Place = Field(default_factory=Place)

    monkeypatch.setenv("PLACE__CITY", "Paris")
    assert OwnSettings().place.city == "Paris"
