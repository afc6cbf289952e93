"""Parameters of calls are declared once, and each reaches every protocol or is warned about."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from ai_utilities.operations.ask_options import AskOptions
from dhenara.ai import AIModelClient
from dhenara.ai.client.runs import RunSettings
from dhenara.ai.errors import UnsupportedError
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallConfig, AIModelEndpoint
from dhenara.ai.types.config.parameters import (
    OWN_FORM,
    PARAMETERS,
    CallParameters,
    ParameterArguments,
    WireProtocol,
)

SOURCES = Path(__file__).parents[2] / "src"
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
SERVED_BY: dict[str, tuple[str, dict[str, Any]]] = {
    "openai_chat": ("openai", {"protocol": "openai_chat"}),
    "open_models": ("vllm", {"protocol": "openai_chat"}),
    "openai_responses": ("openai", {"protocol": "openai_responses"}),
    "anthropic": ("anthropic", {}),
    "gemini": ("google_ai", {}),
    "converse": ("amazon_bedrock", {"region": "us-east-1"}),
    "cohere": ("cohere", {}),
    "ollama": ("ollama", {}),
}
VALUES: dict[str, Any] = {
    "max_output_tokens": 77,
    "reasoning": True,
    "max_reasoning_tokens": 2048,
    "reasoning_effort": "high",
    "temperature": 0.25,
    "top_p": 0.75,
    "top_k": 9,
    "frequency_penalty": 0.125,
    "presence_penalty": 0.375,
    "logit_bias": {"5": 3.0},
    "seed": 4242,
    "stop": ["STOP"],
    "n": 3,
    "logprobs": True,
    "top_logprobs": 2,
    "parallel_tool_calls": False,
    "metadata": {"team": "atlas"},
    "user": "u-77",
    "service_tier": "flex",
}


def client_for(protocol: str, server: FakeServer) -> AIModelClient:
    provider, config = SERVED_BY[protocol]
    path = "" if protocol in ("anthropic", "gemini", "converse", "cohere", "ollama") else "/v1"
    api = AIModelAPI(provider=provider, api_key="sk-of-the-test", config={**config, "base_url": server.url + path})
    return AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="some-model")))


def entries(body: Any) -> Iterator[tuple[str, Any]]:
    """Every name in a JSON object with its value, at any depth."""
    if isinstance(body, dict):
        for name, value in body.items():
            yield name, value
            yield from entries(value)


def test_every_protocol_and_every_parameter_is_tested() -> None:
    assert set(SERVED_BY) == set(get_args(WireProtocol))
    assert set(VALUES) == set(PARAMETERS)


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("protocol", SERVED_BY)
def test_a_parameter_is_sent_under_its_name_or_warned_about(protocol: Any, name: str) -> None:
    wire = PARAMETERS[name].wire_name(protocol)
    tools = [TOOL] if name == "parallel_tool_calls" else []
    with FakeServer(Answer(text="hi"), forever=True) as server, client_for(protocol, server) as client:
        client.generate("Hi", tools=tools)
        response = client.generate("Hi", tools=tools, **{name: VALUES[name]}).chat_response
        without, sent = (exchange.json for exchange in server.exchanges)
        warned = {warning.parameter for warning in response.warnings if warning.code == "unsupported_parameter"}
        if wire is None:
            assert warned == {name}
            assert sent == without
            with pytest.raises(UnsupportedError, match=name):
                client.generate("Hi", tools=tools, strict=True, **{name: VALUES[name]})
        elif wire == OWN_FORM:
            assert sent != without or warned
        else:
            assert (wire, VALUES[name]) in list(entries(sent))
            assert not warned


def test_every_field_of_the_parameters_is_declared_with_its_names() -> None:
    assert set(PARAMETERS) == set(CallParameters.model_fields)
    assert set(PARAMETERS) <= set(AIModelCallConfig.model_fields)


def test_the_keyword_arguments_have_the_types_of_the_fields() -> None:
    arguments, fields = get_type_hints(ParameterArguments), get_type_hints(CallParameters)
    for wider in ("stop", "metadata", "logit_bias"):
        assert arguments.pop(wider) != fields.pop(wider)
    assert arguments == {name: fields[name] for name in PARAMETERS if name in fields}


@pytest.mark.parametrize("options", [RunSettings, AskOptions])
def test_runs_and_the_kit_take_every_parameter(options: type) -> None:
    assert set(PARAMETERS) <= set(options.__annotations__)


NAMING_TOO = ("/adapters/", "/providers/known/", "/testing/", "/compat/", "/name_hints.py", "/client_settings.py")


@pytest.mark.parametrize("name", ["frequency_penalty", "presence_penalty", "logit_bias"])
def test_a_parameter_is_named_in_one_module_outside_dialects(name: str) -> None:
    """Dialects, adapters for other libraries, rules of the fake server, hints and old names may name it too."""
    naming = {
        str(path.relative_to(SOURCES))
        for path in SOURCES.rglob("*.py")
        if re.search(rf"\b{name}\b", path.read_text(encoding="utf-8"))
    }
    others = {path for path in naming if not any(part in path for part in NAMING_TOO)}
    assert others == {"dhenara/ai/types/config/parameters.py"}


FIELD = '''
    min_p: Annotated[float | None, Parameter(open_models="min_p", ollama="min_p", telemetry="min_p")] = None
    """Sample only from tokens that are at least so likely, as a share of the most likely one."""
'''
USES = """
import sys
from ai_utilities.operations.ask_options import AskOptions
from ai_utilities.cli.inputs import read_parameters
from dhenara.ai.telemetry_attributes import REQUEST
from dhenara.ai import AIModelClient
from dhenara.ai.client.runs import RunSettings
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint

def warned(provider, path, model="m"):
    api = AIModelAPI(provider=provider, api_key="sk-of-the-test", config={"base_url": sys.argv[1] + path})
    response = AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name=model))).generate("hi", min_p=0.25)
    return [warning.parameter for warning in (response.chat_response or response.image_response).warnings]

assert warned("ollama", "") == warned("vllm", "/v1") == []
assert warned("openai", "/v1") == warned("anthropic", "") == warned("google_ai", "") == ["min_p"]
assert warned("openai", "/v1", "gpt-image-2") == ["min_p"]
assert read_parameters(["min_p=0.25"]) == {"min_p": 0.25}
assert REQUEST["min_p"] == "gen_ai.request.min_p"
assert "min_p" in AskOptions.__annotations__ and "min_p" in RunSettings.__annotations__
"""


def test_a_new_parameter_is_added_in_one_file(tmp_path: Path) -> None:
    shutil.copytree(SOURCES, tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    declared = tmp_path / "src" / "dhenara" / "ai" / "types" / "config" / "parameters.py"
    text = declared.read_text(encoding="utf-8")
    fields, argument = '    ] = None\n    """The provider\'s service tier."""\n', "    service_tier: str | None\n"
    assert text.count(fields) == text.count(argument) == 1
    text = text.replace(fields, fields + FIELD).replace(argument, "    min_p: float | None\n" + argument)
    declared.write_text(text, encoding="utf-8")
    path = os.pathsep.join([str(tmp_path / "src"), *filter(None, sys.path)])
    with FakeServer(Answer(text="hi"), forever=True) as server:
        done = subprocess.run(
            [sys.executable, "-c", USES, server.url],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
            timeout=250,
            check=False,
        )
        sent = [exchange.json for exchange in server.exchanges]
    assert done.returncode == 0, done.stderr
    assert [("min_p", 0.25) in list(entries(body)) for body in sent] == [True, True, False, False, False, False]
