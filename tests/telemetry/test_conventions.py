"""Names and values against the package of OpenTelemetry's semantic conventions."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dhenara.ai import telemetry, telemetry_attributes
from dhenara.ai.providers.provider_names import known_names, provider_name
from dhenara.ai.types import PARAMETERS

gen_ai = pytest.importorskip("opentelemetry.semconv._incubating.attributes.gen_ai_attributes")
gen_ai_metrics = pytest.importorskip("opentelemetry.semconv._incubating.metrics.gen_ai_metrics")

OURS = "dhenara."
NEWER = {"gen_ai.request.reasoning.level"}
"""Names of the repository of the conventions that the package of their last release does not have yet."""

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def strings_in(value: Any) -> set[str]:
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        return strings_in(list(value.values()))
    if isinstance(value, list | tuple | frozenset):
        return {text for one in value for text in strings_in(one)}
    return set()


def constants_of(module: Any) -> set[str]:
    """The dotted names among the constants of a module."""
    values = [value for name, value in vars(module).items() if name.isupper()]
    return {text for text in strings_in(values) if re.fullmatch(r"[a-z_]+(\.[a-z_]+)+\.?", text)}


def known() -> set[str]:
    from opentelemetry.semconv.attributes import error_attributes, server_attributes

    return constants_of(gen_ai) | constants_of(error_attributes) | constants_of(server_attributes)


def values_of(enum: str) -> set[str]:
    return {one.value for one in getattr(gen_ai, enum)}


def test_attributes_are_those_of_the_conventions_or_in_our_namespace() -> None:
    sent = constants_of(telemetry_attributes) - set(telemetry_attributes.PROVIDERS.values())
    assert {"gen_ai.usage.cache_creation.input_tokens", "gen_ai.tool.call.id", "server.port"} <= sent
    assert {name for name in sent if not name.startswith(OURS)} - known() - NEWER == set()
    assert not {name for name in sent if name.startswith(OURS)} & known()


def test_metrics_are_those_of_the_conventions_or_in_our_namespace() -> None:
    sent = {telemetry.DURATION, telemetry.TOKEN_USAGE, telemetry.TIME_TO_FIRST_CHUNK}
    assert sent <= constants_of(gen_ai_metrics)
    assert telemetry.COST.startswith(OURS)
    assert telemetry.TOKENS.startswith(OURS)


def test_values_are_those_of_the_conventions() -> None:
    names = telemetry_attributes
    operations = {names.CHAT, names.EMBEDDINGS, names.CONTENT, names.AGENT, names.TOOL, *names.OPERATIONS.values()}
    assert operations <= values_of("GenAiOperationNameValues")
    assert {"json", *names.OUTPUT_TYPES.values()} <= values_of("GenAiOutputTypeValues")
    assert set(names.TOKEN_TYPES.values()) == values_of("GenAiTokenTypeValues")
    assert set(names.PROVIDERS.values()) <= values_of("GenAiProviderNameValues")


def test_providers_of_the_conventions_have_their_names() -> None:
    """A provider that the conventions name is sent by that name."""
    theirs = {re.sub(r"[^a-z]", "", value): value for value in values_of("GenAiProviderNameValues")}
    for name in known_names():
        plain = re.sub(r"[^a-z]", "", name)
        if plain in theirs:
            own = provider_name(name)
            assert telemetry_attributes.PROVIDERS.get(own, own) == theirs[plain]


def test_parameters_have_the_names_of_the_conventions() -> None:
    names = {f"gen_ai.request.{one.telemetry}" for one in PARAMETERS.values() if one.telemetry}
    assert {"gen_ai.request.temperature", "gen_ai.request.max_tokens"} <= names
    assert names - known() - NEWER == set()
