"""Settings: their sources, which source wins, and how mistakes are reported."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from ai_utilities import AiSettings, ConfigurationResolver, ProviderConfigurationError, create_client
from ai_utilities.config import OriginLevel, log_misspelt
from ai_utilities.config_resolver import SettingLine, is_source_for
from ai_utilities.providers.facts import facts_of, known_providers

PROVIDERS = known_providers()


def write_dotenv(**lines: str) -> None:
    Path(".env").write_text("".join(f"{name}={value}\n" for name, value in lines.items()))


def test_the_defaults_are_the_documented_ones() -> None:
    settings = AiSettings()
    assert (settings.provider, settings.api_key, settings.model) == ("openai", None, None)
    assert (settings.temperature, settings.max_tokens) == (0.7, None)
    assert (settings.cache_enabled, settings.cache_backend, settings.cache_ttl_s) == (False, "memory", 3600)


def test_the_environment_and_dotenv_are_read_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    write_dotenv(AI_MAX_TOKENS="50", ai_cache_backend="SQLite")
    monkeypatch.setenv("ai_temperature", "0.1")
    settings = AiSettings()
    assert (settings.temperature, settings.max_tokens, settings.cache_backend) == (0.1, 50, "sqlite")


def test_the_model_has_two_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_MODEL", "second")
    assert AiSettings().model == "second"
    monkeypatch.setenv("AI_MODEL", "first")
    assert AiSettings().model == "first"
    assert AiSettings(model="third").model == "third"


ALONE = [tuple(at == who for at in range(5)) for who in range(5)]
AND_WEAKER = [tuple(at >= who for at in range(5)) for who in range(6)]
CASES = [*ALONE, *AND_WEAKER]
"""Who says something: one alone, or one and all who are weaker."""

FIELDS = {"api_key": "key", "model": "model", "base_url": "base_url"}


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("field", FIELDS)
def test_the_strongest_source_wins_for_every_provider(
    provider: str, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Explicit > environment > .env; within one, the provider's own variable > the generic one."""
    own, generic = next(iter(getattr(facts_of(provider), FIELDS[field])), None), f"AI_{field.upper()}"
    for explicit, *provided in CASES:
        environment = {own: "http://env-own", generic: "http://env-generic"}
        dotenv = {own: "http://dot-own", generic: "http://dot-generic"}
        sources = [(environment, own), (environment, generic), (dotenv, own), (dotenv, generic)]
        expected = [source[name] for (source, name), there in zip(sources, provided, strict=True) if there and name]
        for (source, name), there in zip(sources, provided, strict=True):
            if name and there and source is environment:
                monkeypatch.setenv(name, source[name])
            elif name and source is environment:
                monkeypatch.delenv(name, raising=False)
        write_dotenv(
            **{n: s[n] for (s, n), there in zip(sources, provided, strict=True) if n and there and s is dotenv}
        )
        given = {field: "http://explicit"} if explicit else {}
        actual = getattr(ConfigurationResolver(provider=provider, **given).resolve(), field)
        if explicit or expected:
            assert actual.value == ("http://explicit" if explicit else expected[0])
        else:
            assert actual.origin.level is OriginLevel.DEFAULT


def test_settings_of_one_provider_never_reach_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_MODEL", "gpt-x")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    resolver = ConfigurationResolver(provider="groq", api_key="gsk", model="llama", base_url="http://groq.local")
    for other in PROVIDERS:
        if other not in ("groq", "openai"):
            actual = resolver.resolve(other)
            assert actual.api_key.value is None, other
            assert actual.base_url.value is None, other
            assert actual.model.value not in ("llama", "gpt-x"), other
    assert ConfigurationResolver(provider="groq").resolve().model.value != "gpt-x"


def test_a_named_provider_takes_generic_values_where_the_settings_name_none() -> None:
    actual = ConfigurationResolver(api_key="k", model="m").resolve("groq")
    assert (actual.provider, actual.api_key.value, actual.model.value) == ("groq", "k", "m")


@pytest.mark.parametrize("spelling", ["lm_studio", "LM-Studio", "lmstudio", " lm_studio "])
def test_names_are_read_in_every_spelling(spelling: str) -> None:
    assert ConfigurationResolver(provider=spelling).resolve().provider == "lm_studio"


@pytest.mark.parametrize(
    ("variable", "value", "reported"),
    [
        ("AI_TEMPERATURE", "3", ("AI_TEMPERATURE", "'3'", "at most 2")),
        ("AI_MAX_TOKENS", "many", ("AI_MAX_TOKENS", "'many'", "whole number")),
        ("AI_CACHE_BACKEND", "disk", ("AI_CACHE_BACKEND", "'disk'", "'memory', 'sqlite', 'redis' or 'null'")),
    ],
)
@pytest.mark.parametrize("place", ["environment", ".env file"])
def test_a_bad_value_names_its_variable_its_value_and_what_is_allowed(
    variable: str, value: str, reported: tuple[str, ...], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place == "environment":
        monkeypatch.setenv(variable, value)
    else:
        write_dotenv(**{variable: value})
    with pytest.raises(ProviderConfigurationError) as caught:
        AiSettings()
    assert all(words in str(caught.value) for words in (*reported, place))


def test_invalid_values_in_code_are_reported_and_misspelt_names_get_a_suggestion() -> None:
    with pytest.raises(ProviderConfigurationError, match="'temperature' is 9"):
        AiSettings(temperature=9)
    with pytest.raises(ProviderConfigurationError, match="did you mean 'temperature'"):
        AiSettings(temprature=0.5)
    settings = AiSettings()
    with pytest.raises(ProviderConfigurationError, match="'max_tokens' is 0"):
        settings.max_tokens = 0
    with pytest.raises(ProviderConfigurationError, match="unknown setting 'modle'"):
        settings.model_copy(update={"modle": "x"})


def test_a_setting_that_is_assigned_counts_as_explicit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_MODEL", "env")
    settings = AiSettings()
    settings.model = "assigned"
    copy = settings.model_copy(update={"model": "copied"})
    assert ConfigurationResolver(settings).resolve().model.value == "assigned"
    assert ConfigurationResolver(copy).resolve().model.value == "copied"


def test_secrets_are_used_but_not_shown() -> None:
    settings = AiSettings(api_key=SecretStr("sk-very-secret"), redis_url="redis://u:pw-secret@h")
    shown = (
        f"{settings!r} {settings.model_dump()} {settings.model_dump_json()} {ConfigurationResolver(settings).explain()}"
    )
    assert settings.api_key == "sk-very-secret"
    assert "very-secret" not in shown
    assert "pw-secret" not in shown
    with pytest.raises(ProviderConfigurationError) as caught:
        AiSettings(api_key=["sk-very-secret"])
    assert "very-secret" not in str(caught.value)


def test_explain_shows_every_value_and_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "gsk-secret")
    write_dotenv(AI_PROVIDER="groq", AI_MAX_TOKENS="9")
    reported = ConfigurationResolver(temperature=0.2).explain()
    rows = reported.to_dict()
    assert set(rows) == set(AiSettings.model_fields)
    assert rows["provider"] == {"value": "groq", "source": ".env (AI_PROVIDER)"}
    assert rows["api_key"] == {"value": "**********", "source": "environment (GROQ_API_KEY)"}
    assert rows["temperature"] == {"value": "0.2", "source": "explicit"}
    assert rows["max_tokens"] == {"value": "9", "source": ".env (AI_MAX_TOKENS)"}
    assert rows["cache_ttl_s"] == {"value": "3600", "source": "default"}
    assert len(str(reported).splitlines()) == len(rows)
    assert reported["provider"].value == "groq"


def test_another_dotenv_file_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "prod.env").write_text("OPENAI_API_KEY=sk-prod\nAI_BUDGET_USD=2.5\n")
    settings = AiSettings.from_dotenv(tmp_path / "prod.env")
    assert ConfigurationResolver(settings).validate().api_key.value == "sk-prod"
    assert Decimal(str(settings.budget_usd)) == Decimal("2.5")


def test_a_client_with_nothing_configured_fails_at_once_with_the_ways_out() -> None:
    with pytest.raises(ProviderConfigurationError) as caught:
        ConfigurationResolver().validate()
    reported = str(caught.value)
    assert all(way in reported for way in ("OPENAI_API_KEY", "AI_PROVIDER=auto", "Ollama", "AI_PROVIDER=local"))


def test_a_key_that_is_there_for_another_provider_is_pointed_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant")
    with pytest.raises(ProviderConfigurationError, match="ANTHROPIC_API_KEY is set: AI_PROVIDER=anthropic uses it"):
        ConfigurationResolver().validate()


def test_a_provider_without_a_usual_model_asks_for_one() -> None:
    with pytest.raises(ProviderConfigurationError, match="XAI_MODEL or AI_MODEL"):
        ConfigurationResolver(provider="xai", api_key="k").validate()


def test_a_variable_that_is_nearly_a_setting_is_pointed_at(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AI_TEMPRATURE", "0.1")
    monkeypatch.setenv("AI_SOMEBODY_ELSES", "x")
    log_misspelt.cache_clear()
    with caplog.at_level("WARNING", "ai_utilities"):
        assert AiSettings().temperature == 0.7
        AiSettings()
    assert [record.getMessage() for record in caplog.records] == [
        "AI_TEMPRATURE is not a setting and is ignored. Did you mean AI_TEMPERATURE?"
    ]


def test_a_misspelt_variable_is_one_line_of_a_program() -> None:
    code = "from ai_utilities import AiSettings; AiSettings(); AiSettings()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "AI_TEMPRATURE": "0.1"}
    )
    assert done.stderr == "AI_TEMPRATURE is not a setting and is ignored. Did you mean AI_TEMPERATURE?\n"


@pytest.mark.parametrize(
    "read",
    [
        lambda path: AiSettings(_env_file=path),
        lambda path: AiSettings(_env_file=[".env", path]),
        lambda path: AiSettings.from_dotenv(path),
        lambda path: create_client(env_file=path),
    ],
)
@pytest.mark.parametrize(("name", "problem"), [("missing.env", "does not exist"), (".", "is a folder")])
def test_a_named_file_of_variables_must_exist(read: Any, name: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AI_MODEL=m\n")
    with pytest.raises(ProviderConfigurationError, match=f"the file of variables .* {problem}. Name another file"):
        read(name)


def test_the_default_file_of_variables_need_not_exist(tmp_path: Path) -> None:
    assert not Path(".env").exists()
    assert AiSettings().temperature == AiSettings.from_dotenv().temperature == 0.7


def test_errors_of_settings_are_also_errors_of_pydantic() -> None:
    for build in (lambda: AiSettings(temperature=9), lambda: AiSettings.model_validate({"temperature": 9})):
        with pytest.raises(ValidationError, match="'temperature' is 9") as caught:
            build()
        assert isinstance(caught.value, ProviderConfigurationError)
    settings = AiSettings(api_key="sk-secret-of-the-test")
    with pytest.raises(ValidationError, match="'max_tokens' is 0") as caught:
        settings.max_tokens = 0
    assert caught.value.errors()[0]["loc"] == ("max_tokens",)


def test_headers_in_a_variable_are_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_EXTRA_HEADERS", '{"x-team": "a"}')
    assert AiSettings().extra_headers == {"x-team": "a"}
    monkeypatch.setenv("AI_EXTRA_HEADERS", "x-key: very-secret")
    with pytest.raises(ProviderConfigurationError, match="extra_headers") as caught:
        AiSettings()
    assert "very-secret" not in str(caught.value)


def test_space_around_a_value_is_no_part_of_it_and_space_alone_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "  ")
    Path(".env").write_text('AI_PROVIDER=groq\nGROQ_API_KEY="key-of-the-file\\n"\nGROQ_MODEL=" swift "\n')
    actual = ConfigurationResolver().resolve()
    assert (actual.api_key.value, actual.api_key.origin.level) == ("key-of-the-file", OriginLevel.DOTENV)
    assert actual.model.value == "swift"


DOTENV = b"AI_PROVIDER=groq\nGROQ_API_KEY=key-1\nAI_TEMPERATURE=0.1\nAI_SYSTEM_PROMPT=be brief\n"


@pytest.mark.parametrize(
    "written",
    [
        b"\xef\xbb\xbf" + DOTENV,
        DOTENV.replace(b"\n", b"\r\n"),
        b"".join(b"export " + line for line in DOTENV.splitlines(keepends=True)),
        DOTENV.replace(b"=", b" = "),
        DOTENV.replace(b"=", b"='").replace(b"\n", b"'\n"),
        DOTENV.replace(b"=", b'="').replace(b"\n", b'"\n'),
        DOTENV.replace(b"\n", b"  # a remark\n"),
        DOTENV.lower(),
    ],
    ids=["byte order mark", "CRLF", "export", "spaces", "quotes", "double quotes", "remarks", "small letters"],
)
def test_dotenv_files_are_read_as_people_write_them(written: bytes) -> None:
    Path(".env").write_bytes(written)
    settings = AiSettings()
    actual = ConfigurationResolver(settings).resolve()
    assert (actual.provider, actual.api_key.value, settings.temperature) == ("groq", "key-1", 0.1)
    assert settings.system_prompt == "be brief"


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_dotenv_file_that_is_no_utf8_is_reported(encoding: str) -> None:
    Path(".env").write_bytes("AI_SYSTEM_PROMPT=café\n".encode(encoding))
    with pytest.raises(ProviderConfigurationError, match=r"\.env is not UTF-8 text.*Save it as UTF-8"):
        AiSettings()


@pytest.mark.parametrize("place", ["environment", ".env file"])
def test_generic_and_provider_variables_are_read_in_any_case(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    provided = {"ai_provider": "groq", "groq_api_key": "key-1", "ai_model": "swift"}
    if place == "environment":
        for name, value in provided.items():
            monkeypatch.setenv(name, value)
    else:
        write_dotenv(**provided)
    actual = ConfigurationResolver().resolve()
    assert (actual.api_key.value, actual.model.value) == ("key-1", "swift")
    assert actual.model.origin.variable == "ai_model"


def test_secrets_in_addresses_headers_and_credentials_are_not_shown() -> None:
    settings = AiSettings(
        base_url="https://me:hidden-1@host/v1?key=hidden-2",
        provider_config={"aws_secret_access_key": "hidden-3", "region": "eu-1", "nested": {"api_key": "hidden-4"}},
        extra_headers={"x-team": "hidden-5"},
        api_key="k",
    )
    shown = [repr(settings), str(settings), str(ConfigurationResolver(settings).explain())]
    shown += [str(settings.model_dump()), settings.model_dump_json()]
    assert all("hidden" not in text for text in shown)
    assert all("eu-1" in text for text in shown)
    assert settings.base_url == "https://me:hidden-1@host/v1?key=hidden-2"
    assert settings.extra_headers["x-team"] == "hidden-5"
    assert settings.provider_config["nested"]["api_key"] == "hidden-4"
    with pytest.raises(ProviderConfigurationError) as caught:
        AiSettings(provider_config="hidden-6")
    assert "hidden" not in str(caught.value)


def test_an_explanation_is_short_in_a_prompt_and_a_table_in_print() -> None:
    explained = ConfigurationResolver(AiSettings(provider="openai", model="m", api_key="sk-of-the-test")).explain()
    assert re.fullmatch(r"Explanation\(\d+ settings, provider='openai'\)", repr(explained))
    assert "model" in str(explained)
    assert str(explained) in explained._repr_markdown_()


@pytest.mark.parametrize(
    ("written", "is_meant"), [(None, True), (" ", True), ("Auto", True), ("OpenAI", True), ("anthropic", False)]
)
def test_generic_values_are_for_the_provider_that_their_source_names(written: str | None, is_meant: bool) -> None:
    assert is_source_for("openai", written) == is_meant


def test_an_empty_variable_does_not_replace_one_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("OPENAI_API_KEY=sk-of-the-file\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "")
    assert ConfigurationResolver(AiSettings()).variables()["OPENAI_API_KEY"] == "sk-of-the-file"


def test_a_model_with_the_provider_in_one_source_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_PROVIDER", "anthropic")
    monkeypatch.setenv("AI_MODEL", "gpt-5-nano")
    assert ConfigurationResolver(AiSettings(_env_file=None)).resolve().model.value == "gpt-5-nano"


def test_the_name_of_a_provider_as_model_means_its_default_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-x")
    usual = ConfigurationResolver(AiSettings(_env_file=None, provider="anthropic")).resolve()
    named = ConfigurationResolver(AiSettings(_env_file=None, model="anthropic")).resolve()
    assert (named.provider, named.model.value) == ("anthropic", usual.model.value)


class OwnSettings(AiSettings):
    model: str | None = "model-of-the-class"


def test_a_default_of_a_class_of_settings_is_used() -> None:
    resolved = ConfigurationResolver(OwnSettings(_env_file=None, provider="openai", api_key="sk-x")).resolve()
    assert resolved.model.value == "model-of-the-class"


def test_keys_in_the_values_of_other_settings_are_masked() -> None:
    line = str(SettingLine.of("user_agent", "app sk-proj-abcdefghijklmnopqrstuvwxyz0123456789", "argument"))
    assert "sk-proj-abcdef" not in line
    assert "app" in line
