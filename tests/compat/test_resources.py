"""`ResourceConfig`: credentials from files as version 1 wrote them."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, strategies as st

from dhenara.ai.compat import ResourceConfig, ResourceConfigItem, resources
from dhenara.ai.compat.names import read_yaml
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.types import AIModelAPIProviderEnum, AIModelEndpoint
from dhenara.ai.types.genai.foundation_models.anthropic.chat import ClaudeHaiku45
from dhenara.ai.types.genai.foundation_models.openai.chat import GPT4oMini, O3Mini

CREDENTIALS = """
# Credentials
openai:
  api_key: sk-first # the first
google_gemini_api:
  api_key: "a: key"
google_vertex_ai:
  credentials:
    service_account_json: |
      {"type": "service_account",
       "project_id": "p"}
  config:
    project_id: 'my-project'
    location: us-central1
amazon_bedrock:
  credentials:
    access_key_id: AKIA
    secret_access_key: <YOUR_AMAZON_BEDROCK_SECRET_ACCESS_KEY>
  config: {"region": "eu-west-1"}
anthropic:
  api_key:
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "credentials.yaml"
    path.write_text(CREDENTIALS)
    return path


@pytest.fixture(params=["PyYAML", "built in"])
def _reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "built in":
        monkeypatch.setattr(resources, "safe_load", read_yaml)


@pytest.mark.usefixtures("_reader")
def test_apis_have_the_credentials_of_the_file(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    config = ResourceConfig()
    with caplog.at_level(logging.WARNING, logger="dhenara"):
        config.load_from_file(file)
    openai, gemini = config.get_api(AIModelAPIProviderEnum.OPEN_AI), config.get_api("google_gemini_api")
    vertex = config.get_api(AIModelAPIProviderEnum.GOOGLE_VERTEX_AI)
    assert openai is not None
    assert gemini is not None
    assert vertex is not None
    assert openai.api_key is not None
    assert openai.api_key.get_secret_value() == "sk-first"
    assert gemini.provider is AIModelAPIProviderEnum.GOOGLE_AI
    assert gemini.api_key is not None
    assert gemini.api_key.get_secret_value() == "a: key"
    assert vertex.credentials is not None
    assert json.loads(vertex.credentials.reveal()["service_account_json"])["project_id"] == "p"
    assert vertex.config == {"project_id": "my-project", "location": "us-central1"}
    assert config.get_api("amazon_bedrock") is None
    assert config.get_api("anthropic") is None
    assert [record.args[0] for record in caplog.records if record.args] == ["amazon_bedrock", "anthropic"]
    assert "sk-first" not in repr(config)


def test_the_file_is_looked_for_where_version_1_did(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAI_SECRET_CONFIG_DIR", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"dai_credentials\.yaml"):
        ResourceConfig().load_from_file()
    file.rename(tmp_path / "dai_credentials.yaml")
    config = ResourceConfig()
    config.load_from_file()
    assert config.get_api("openai") is not None


def test_endpoints_are_made_and_detected(file: Path) -> None:
    config = ResourceConfig()
    config.load_from_file(str(file), models=[GPT4oMini, O3Mini, ClaudeHaiku45], init_endpoints=True)
    names = [(one.ai_model.model_name, one.reference_number) for one in config.model_endpoints]
    assert names == [
        ("gpt-4o-mini", "gpt-4o-mini_openai"),
        ("o3-mini", "o3-mini_openai"),
        ("claude-haiku-4-5", "claude-haiku-4-5_google_vertex_ai"),
    ]
    actual = config.get_model_endpoint("o3-mini")
    assert isinstance(actual, AIModelEndpoint)
    assert actual.ai_model is O3Mini
    assert config.get_model_endpoint("o3-mini", "anthropic") is None
    item = ResourceConfigItem(item_type="ai_model_endpoint", query={"model_name": "o3-mini", "api_provider": "openai"})
    assert config.get_resource(item) is actual
    assert ResourceConfigItem.get_model_names(ResourceConfigItem.with_models(["a", "b"])) == ["a", "b"]
    assert ResourceConfigItem.has_model(ResourceConfigItem.with_model("a"), "a")


def test_all_constants_get_an_endpoint_where_an_api_serves_them(file: Path) -> None:
    config = ResourceConfig()
    config.load_from_file(file, init_endpoints=True)
    assert config.get_model_endpoint("gpt-5.2", "openai") is not None
    assert config.get_model_endpoint("deepseek-chat") is None


def test_a_query_may_name_known_fields_only() -> None:
    with pytest.raises(ValueError, match="Unsupported query key `name`"):
        ResourceConfigItem(item_type="ai_model_endpoint", query={"name": "gpt-5.2"})
    with pytest.raises(ConfigurationError, match="Query must be provided"):
        ResourceConfig().get_resource(ResourceConfigItem(item_type="ai_model_endpoint"))


@pytest.mark.parametrize("name", ["keys.yaml", "keys.json"])
def test_the_template_is_read_back_without_its_placeholders(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    ResourceConfig.create_credentials_template(path)
    text = path.read_text()
    assert "service_account_json" in text
    assert "microsoft_openai" in text
    config = ResourceConfig()
    config.load_from_file(path)
    assert config.model_apis == []
    path.write_text(text.replace("<YOUR_OPENAI_API_KEY>", "sk-x"))
    config.load_from_file(path)
    assert [str(api.provider) for api in config.model_apis] == ["openai"]


def test_a_template_does_not_replace_a_file(file: Path) -> None:
    with pytest.raises(FileExistsError):
        ResourceConfig.create_credentials_template(file)
    assert file.read_text() == CREDENTIALS


@pytest.mark.usefixtures("_reader")
@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("keys.toml", "a = 1", "Use .json, .yaml, or .yml"),
        ("keys.json", '{"openai": sk-secret', "cannot be read"),
        ("keys.yaml", "openai:\n  api_key: [sk-secret", "line"),
        ("keys.yaml", "- openai", "keys.yaml"),
        ("keys.yaml", "sk-secret", "keys.yaml"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_without_its_keys(
    tmp_path: Path, name: str, text: str, problem: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=problem) as raised:
        ResourceConfig().load_from_file(path)
    assert "sk-secret" not in str(raised.value)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(
        st.characters(
            min_codepoint=32, max_codepoint=0x2FF, exclude_categories=("Cc", "Cf", "Zs"), include_characters=" "
        )
    ),
)
KEYS = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz_-"), min_size=1).map(lambda key: f"k{key}")


@given(st.dictionaries(KEYS, st.one_of(SCALARS, st.dictionaries(KEYS, SCALARS, min_size=1)), min_size=1))
def test_nested_values_are_read_as_pyyaml_reads_them(content: dict[str, Any]) -> None:
    text = yaml.safe_dump(content, default_style=None, width=10_000, allow_unicode=True)
    assert read_yaml(text) == yaml.safe_load(text)


@pytest.mark.parametrize(
    "text",
    ["a: &b c", "a: *b", "a:\n- 1", "a: !!str 3", "a: 1\na: 2", "a: 1\n    b: 2", "\ta: 1", "a: [1"],
)
def test_other_yaml_is_refused_with_the_line(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"line \d: .* Install PyYAML"):
        read_yaml(text)


def test_nothing_needs_pyyaml(file: Path) -> None:
    program = (
        "import sys; sys.modules['yaml'] = None\n"
        "from dhenara.ai.types import ResourceConfig\n"
        "config = ResourceConfig()\n"
        f"config.load_from_file({str(file)!r})\n"
        "assert config.get_api('openai').api_key.get_secret_value() == 'sk-first'\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=250)


def test_a_broken_file_is_an_error_of_pyyaml_too(tmp_path: Path) -> None:
    path = tmp_path / "creds.yaml"
    path.write_text("openai: [unterminated\n")
    with pytest.raises(yaml.YAMLError):
        ResourceConfig().load_from_file(path)
