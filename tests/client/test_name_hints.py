"""Names of other libraries that are no options here: the error says what to write."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

import ai_utilities.ask_stream
import ai_utilities.chat
import ai_utilities.compat
import ai_utilities.usage
import dhenara.ai.conversation
import dhenara.ai.streams.text
import dhenara.ai.testing
import dhenara.ai.types
from ai_utilities import AiClient, AiSettings, ProviderConfigurationError
from ai_utilities.config.client_settings import SETTING_HINTS, SETTING_NAMES
from ai_utilities.operations.ask_options import AskOptions
from ai_utilities.operations.option_checks import KIT_WORDS, KNOWN
from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.testing import FakeServer
from dhenara.ai.types import AIModelCallConfig
from dhenara.ai.types.config.name_hints import CLIENT_HINTS, GENERATION_HINTS, OPERATION_HINTS, REQUEST_HINTS
from dhenara.ai.types.config.other_names import (
    ALTERNATIVE_NAMES,
    ATTRIBUTE_HINTS,
    ENGINE_WORDS,
    IMPORT_HINTS,
    describe_unknown,
)
from support.worlds import endpoint

FIELDS = AIModelCallConfig.model_fields
WRITE = {
    "response_format": "structured_output=Person",
    "text_format": "structured_output=Person",
    "response_model": "structured_output=Person",
    "output_type": "structured_output=Person",
    "result_type": "structured_output=Person",
    "response_schema": "structured_output=Person",
    "responseSchema": "structured_output=Person",
    "thinking": "max_reasoning_tokens=2000",
    "thinking_config": "max_reasoning_tokens=2000",
    "thinkingConfig": "max_reasoning_tokens=2000",
    "budget_tokens": "max_reasoning_tokens=2000",
    "effort": 'reasoning_effort="low"',
    "thinking_level": 'reasoning_effort="low"',
    "candidate_count": "n=2",
    "candidateCount": "n=2",
    "functions": "tools=[my_function]",
    "function_call": 'tool_choice="auto"',
    "tool_config": 'tool_choice="auto"',
    "disable_parallel_tool_use": "parallel_tool_calls=False",
    "model_settings": "temperature=0, max_output_tokens=500",
    "generation_config": "temperature=0, max_output_tokens=500",
    "generationConfig": "temperature=0, max_output_tokens=500",
    "inferenceConfig": "temperature=0, max_output_tokens=500",
    "request_timeout": "timeout=30",
    "api_base": 'base_url="https://..."',
    "base_url": 'base_url="https://..."',
    "api_key": 'api_key="..."',
    "stream_options": "leave it out",
    "drop_params": "leave it out",
    "safety_settings": 'options={"safetySettings": [...]}',
    "min_p": 'options={"min_p": ...}',
    "num_ctx": 'options={"num_ctx": ...}',
    "provider_options": 'options={"name": value}',
    "providerOptions": 'options={"name": value}',
    "model_kwargs": 'options={"name": value}',
    "default_headers": 'headers={"X-Name": "..."}',
    "betas": 'headers={"anthropic-beta": "..."}',
    "cache_control": "prompt_cache=PromptCache(automatic=True)",
    "prompt_cache_key": 'prompt_cache=PromptCache(key="...")',
    "mcp_servers": "tools=[RemoteMCP(",
    "web_search_options": "tools=[WebSearch()]",
    "random_seed": "seed=1",
    "topP": "top_p=...",
    "topK": "top_k=...",
    "maxTokens": "max_output_tokens=...",
    "stopSequences": "stop=...",
    "frequencyPenalty": "frequency_penalty=...",
    "parallelToolCalls": "parallel_tool_calls=...",
    "message_history": "context=[...]",
    "chat_history": "context=[...]",
    "fallbacks": "fallbacks=[",
    "max_turns": "limits=RunLimits(rounds=5)",
    "user_id": 'user="..."',
}


@pytest.fixture(scope="module")
def client() -> Any:
    with FakeServer() as server, AIModelClient(endpoint(server.url)) as made:
        yield made


@pytest.fixture(scope="module")
def kit() -> Any:
    with FakeServer() as server:
        settings = AiSettings(provider="openai", model="m", api_key="sk-of-the-test", base_url=f"{server.url}/v1")
        with AiClient(settings) as made:
            yield made


@pytest.mark.parametrize(("name", "written"), WRITE.items())
def test_the_error_says_what_to_write(name: str, written: str, client: AIModelClient, kit: AiClient) -> None:
    hint = re.escape(f"unknown setting {name!r}; ") + ".*" + re.escape(written)
    for call in (client.generate, client.run, client.conversation().ask):
        with pytest.raises(ConfigurationError, match=hint):
            call("x", **{name: None})
    with pytest.raises(ValidationError, match=hint):
        AIModelCallConfig(**{name: None})
    if name in AskOptions.__annotations__:
        return
    for ask in (kit.ask, kit.ask_json, kit.chat().ask):
        with pytest.raises(ProviderConfigurationError, match=hint):
            ask("x", **{name: None})
    with pytest.raises(ProviderConfigurationError, match=hint):
        kit.ask_many(["x"], **{name: None})


@pytest.mark.parametrize(
    ("name", "of_engine", "of_kit"),
    [
        ("response_model", "generate_typed(prompt, Person)", "ask_typed(prompt, Person)"),
        ("system_instruction", 'write instructions="..."', 'write system="..."'),
        ("json_mode", "structured_output=Person", "call ask_json(prompt)"),
        ("attachments", 'generate(["What is this?", Path("a.png")])', 'files=["a.png"]'),
        ("model_name", 'AIModelClient("openai/gpt-5.4-mini")', 'model="gpt-5.4-mini"'),
        ("max_workers", "ask_many", "concurrency=8"),
    ],
)
def test_each_package_is_reported_its_own_form(
    name: str, of_engine: str, of_kit: str, client: AIModelClient, kit: AiClient
) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(of_engine)):
        client.generate("x", **{name: None})
    with pytest.raises(ProviderConfigurationError, match=re.escape(of_kit)):
        kit.ask("x", **{name: None})


@pytest.mark.parametrize(
    "name", ["temprature", "temperatur", "Temperature", "tempurature", "retires", "max_ouput_tokens", "strcit"]
)
def test_a_misspelt_option_is_suggested(name: str, client: AIModelClient) -> None:
    with pytest.raises(ConfigurationError, match=r"did you mean '|write temperature=\.\.\."):
        client.generate("x", **{name: 0})


@pytest.mark.parametrize("name", ["foo", "x", "colour", "priority_class", "deps", "weights", "reasons", "nn"])
def test_a_name_with_no_certain_meaning_gets_no_hint(name: str, client: AIModelClient) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(f"unknown setting {name!r}") + "$"):
        client.generate("x", **{name: 0})


HINTS = [
    *((name, hint, "chat") for name, hint in GENERATION_HINTS.items()),
    *((name, hint, "chat") for name, hint in REQUEST_HINTS.items()),
    *((name, hint, operation) for operation, hints in OPERATION_HINTS.items() for name, hint in hints.items()),
    *((name, hint, "settings") for name, hint in SETTING_HINTS.items()),
    *((name, hint, "client") for name, hint in CLIENT_HINTS.items()),
]
OF_OPERATIONS = {
    "embed": "EmbedSettings",
    "rerank": "RerankSettings",
    "speak": "SpeakSettings",
    "transcribe": "TranscribeSettings",
    "image": "DrawSettings",
}
OF_CLIENTS = {
    "layers",
    "observer",
    "transport",
    "verify",
    "headers",
    "config",
    "routes",
    "fallbacks",
    "api_key",
    "base_url",
    "region",
    "location",
    "project_id",
    "api_version",
    "resource",
}
OF_CALLS = {"instructions", "system", "context", "limits", "repairs", "max_repairs", "files", "cache", "model"}
OF_CALLS |= {"concurrency", "on_progress", "provider", "provider_config", "show_progress", "tags", "tools"}


def test_there_are_many_of_them() -> None:
    assert len({name for name, *_ in HINTS} | set(ALTERNATIVE_NAMES)) >= 300


@pytest.mark.parametrize("words", [ENGINE_WORDS, KIT_WORDS], ids=["engine", "kit"])
def test_a_hint_names_only_what_exists(words: Any) -> None:
    for name, _, operation in HINTS:
        own_hints = {"settings": SETTING_HINTS, "client": CLIENT_HINTS}.get(operation)
        hint = describe_unknown(name, (), operation=operation, words=words, own_hints=own_hints).partition("; ")[2]
        assert hint, name
        assert "$" not in hint
        fields = (
            AiSettings.model_fields
            if operation == "settings"
            else (
                getattr(dhenara.ai.types, OF_OPERATIONS[operation]).__annotations__
                if operation in OF_OPERATIONS
                else {}
            )
        )
        for written in re.findall(r"(?:write |, |\()(\w+)=", hint):
            known = written in FIELDS or written in fields or written in OF_CALLS or written in OF_CLIENTS
            inside = any(
                written in getattr(dhenara.ai.types, kind).model_fields
                for kind in re.findall(r"\b([A-Z]\w+)\(", hint)
                if kind in dir(dhenara.ai.types) and hasattr(getattr(dhenara.ai.types, kind), "model_fields")
            )
            assert known or inside or written in {*AiSettings.model_fields, "observer", "strict", "mode"}, hint


class Person(BaseModel):
    name: str


def my_function(city: str) -> str:
    return city


@pytest.mark.parametrize("name", [name for name, hint in GENERATION_HINTS.items() if hint.startswith("write ")])
def test_what_a_hint_says_is_accepted(name: str) -> None:
    hint = describe_unknown(name, ()).partition("; write ")[2]
    for option, value in re.findall(r"(\w+)=((?:\[.*?\]|\{.*?\}\}?|\w+\(.*?\)+|\"[^\"]*\"|[\w.]+))(?=,| |$)", hint):
        if option in FIELDS and value != "...":
            names = re.findall(r"\b([A-Z]\w+)[(.]", value)
            kinds = {name: getattr(dhenara.ai.types, name) for name in names}
            here = {"Person": Person, "my_function": my_function, **kinds}
            assert option in AIModelCallConfig(**{option: eval(value, here)}).model_fields_set


def test_no_option_that_exists_has_a_hint() -> None:
    for name in FIELDS:
        assert name not in GENERATION_HINTS
        assert name not in REQUEST_HINTS
    for name in (*ALTERNATIVE_NAMES, *AskOptions.__annotations__):
        assert name not in KNOWN or name in {*AskOptions.__annotations__}


@pytest.mark.parametrize(
    ("call", "written"),
    [
        (lambda client: client.embed(["a"], output_dimensionality=3), "dimensions=256"),
        (lambda client: client.embed(["a"], task_type="query"), "input_type="),
        (lambda client: client.embed(["a"], default_headers={}), "headers="),
        (lambda client: client.speak("a", response_format="mp3"), 'format="mp3"'),
        (lambda client: client.speak("a", voice_id="x"), 'voice="..."'),
        (lambda client: client.count_tokens("a", response_format=Person), "structured_output=Person"),
    ],
)
def test_operations_have_hints_of_their_own(call: Any, written: str, client: AIModelClient) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(written)):
        call(client)


def test_hints_for_generated_text_are_not_given_to_other_operations(client: AIModelClient) -> None:
    with pytest.raises(ConfigurationError, match=r"unknown setting 'response_model'$"):
        client.embed(["a"], response_model=Person)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("api_base", 'write base_url="https://..."'),
        ("region", 'write provider_config={"region": "us-east-1"}'),
        ("rpm", "write requests_per_minute=60"),
        ("budget", "write budget_usd=5"),
        ("temprature", "did you mean 'temperature'?"),
        ("maxTokens", "write max_tokens=..."),
    ],
)
def test_settings_have_hints_of_their_own(name: str, written: str) -> None:
    for make in (AiSettings, AiClient):
        with pytest.raises(ProviderConfigurationError, match=re.escape(written)):
            make(provider="openai", **{name: 1})


@pytest.mark.parametrize("name", ["response_format", "user_id", "foo", "modle_x"])
def test_a_name_that_is_no_setting_gets_no_wrong_hint(name: str) -> None:
    with pytest.raises(ProviderConfigurationError, match=re.escape(f"unknown setting {name!r}") + r"\.?$"):
        AiSettings(provider="openai", **{name: 1})


@pytest.mark.parametrize(("other", "name"), SETTING_NAMES.items())
def test_settings_take_the_names_of_options(other: str, name: str) -> None:
    value: Any = {"max_tokens": 7, "max_retries": 1, "system_prompt": "Short.", "extra_headers": {"X-Team": "a"}}[name]
    usual = AiSettings(provider="openai", api_key="sk-of-the-test", **{name: value})
    given = AiSettings(provider="openai", api_key="sk-of-the-test", **{other: value})
    assert getattr(given, name) == getattr(usual, name)
    assert getattr(AiClient(usual, **{other: value}).settings, name) == getattr(usual, name)
    with pytest.raises(ConfigurationError, match="are the same option"):
        AiSettings(provider="openai", **{other: value, name: "other"})


@pytest.mark.parametrize("name", ["stream", "streaming"])
def test_ask_names_ask_stream(name: str, kit: AiClient) -> None:
    with pytest.raises(ProviderConfigurationError, match=f"{name}=True.*Use ask_stream for a stream"):
        kit.ask("x", **{name: True})
    with pytest.raises(ProviderConfigurationError, match="Use ask_stream"):
        kit.chat(**{name: True})


PUBLIC = (dhenara.ai, dhenara.ai.types, dhenara.ai.conversation, dhenara.ai.streams.text, dhenara.ai.testing)
OF_THE_KIT = (ai_utilities, ai_utilities.ask_stream, ai_utilities.chat, ai_utilities.usage)
ATTRIBUTES = [
    *((name, hints, PUBLIC) for name, hints in ATTRIBUTE_HINTS.items()),
    *((name, hints, OF_THE_KIT) for name, hints in ai_utilities.compat.ATTRIBUTE_HINTS.items()),
]
NOUN = r"(?:response|result|usage|run|stream|chunk|call|choice|image|conversation|chat|client|usage_tracker|server)"


def members_of(name: str, modules: Any) -> set[str]:
    """The fields, attributes and methods of a public class."""
    kind = next(vars(module).get(name) or getattr(module, name) for module in modules if has_name(module, name))
    fields = getattr(kind, "model_fields", None) or getattr(kind, "__dataclass_fields__", {})
    own = [base for base in kind.__mro__ if base.__module__.startswith(("dhenara.", "ai_utilities."))]
    assigned = re.findall(r"self\.(\w+)[:=, ]", "".join(map(inspect.getsource, own)))
    return {*dir(kind), *fields, *(getattr(kind, "__annotations__", {})), *assigned}


def has_name(module: Any, name: str) -> bool:
    return name in vars(module) or name in dir(module)


@pytest.mark.parametrize(("name", "hints", "modules"), ATTRIBUTES, ids=[name for name, *_ in ATTRIBUTES])
def test_a_hint_about_an_attribute_names_members_of_the_class(name: str, hints: Any, modules: Any) -> None:
    members = members_of({"StreamBase": "AskStream", "ChatBase": "Chat"}.get(name, name), modules)
    assert not members & set(hints)
    others = {
        "client": members_of("AIModelClient", PUBLIC) if modules is PUBLIC else members_of("AiClient", OF_THE_KIT),
        "response": members | members_of("AIModelCallResponse", PUBLIC),
    }
    for hint in hints.values():
        method = re.match(r"(\w+)\(", hint)
        if method and method[1][0].islower():
            assert method[1] in members, hint
        attribute = re.match(rf"({NOUN})\.(\w+)", hint)
        if attribute:
            assert attribute[2] in others.get(attribute[1], members), hint


@pytest.mark.parametrize("hints", [IMPORT_HINTS, ai_utilities.compat.IMPORT_HINTS], ids=["engine", "kit"])
def test_a_hint_about_an_import_names_what_can_be_imported(hints: Any) -> None:
    for name, hint in hints.items():
        for module, names in re.findall(r"from ([\w.]+) import (\w+(?:, [A-Z]\w+)*)", hint):
            assert all(has_name(import_module(module), imported) for imported in names.split(", ")), hint
        package = "dhenara.ai" if hints is IMPORT_HINTS else "ai_utilities"
        assert find_spec(f"{package}.{name}") is None, f"{name} is a module"
        assert not has_name(import_module(package), name), name
