"""Fields that version 1 had, translated to those of this version when an object is built with one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import ConfigurationError
from .requests import ToolCallResult, read_prompt

Fields = Mapping[str, Any]
CAMEL_CASE = {
    "aiModel": "ai_model",
    "apiKey": "api_key",
    "artifactConfig": "artifact_config",
    "costData": "cost_data",
    "displayName": "display_name",
    "foundationModel": "foundation_model",
    "functionalType": "functional_type",
    "hostedTools": "hosted_tools",
    "maxOutputTokens": "max_output_tokens",
    "maxReasoningTokens": "max_reasoning_tokens",
    "maxRetryDelay": "max_retry_delay",
    "modelName": "model_name",
    "reasoningEffort": "reasoning_effort",
    "referenceNumber": "reference_number",
    "retryDelay": "retry_delay",
    "structuredOutput": "structured_output",
    "testMode": "test_mode",
    "toolChoice": "tool_choice",
    "validOptions": "valid_options",
}


def in_snake_case(given: Fields) -> dict[str, Any]:
    return {CAMEL_CASE.get(name, name): value for name, value in given.items()}


def read_config(given: Fields) -> dict[str, Any]:
    """`AIModelCallConfig`: names in camel case, and `hosted_tools`, which are ordinary tools here."""
    fields = in_snake_case(given)
    hosted = fields.pop("hosted_tools", None)
    if hosted:
        fields["tools"] = [*(fields.get("tools") or ()), *hosted]
    if fields.pop("api_version_override", None) is not None:
        raise ConfigurationError(
            "api_version_override does not exist in this version. Pass the base URL with the version to the API: "
            "AIModelAPI(..., config={'base_url': 'https://generativelanguage.googleapis.com/v1beta'})"
        )
    return fields


METADATA_FIELDS = ("beta", "enabled", "order", "reference_number")


def read_model(given: Fields) -> dict[str, Any]:
    """`AIModel`: the facts of `foundation_model`, and fields for applications, which are metadata here."""
    fields = in_snake_case(given)
    base = fields.pop("foundation_model", None)
    notes = {name: fields.pop(name) for name in METADATA_FIELDS if name in fields}
    if base is not None:
        known = {name: getattr(base, name) for name in ("provider", "functional_type", "settings", "cost_data")}
        fields = {**{name: value for name, value in known.items() if value is not None}, **fields}
        fields.setdefault("base_model", base.model_name)
    return {**fields, "metadata": {**notes, **(fields.get("metadata") or {})}}


def read_settings(given: Fields) -> dict[str, Any]:
    """`ChatModelSettings`: one list of efforts, and one limit of output tokens."""
    dropped = ("max_output_tokens_reasoning_mode", "reasoning_control", "supported_reasoning_efforts")
    fields = {name: value for name, value in given.items() if name not in dropped}
    if given.get("reasoning_control") in ("effort", "none"):
        fields.pop("max_reasoning_tokens", None)
    limits = [given.get("max_output_tokens"), given.get("max_output_tokens_reasoning_mode")]
    if any(limits):
        fields["max_output_tokens"] = max(limit for limit in limits if limit)
    if given.get("supported_reasoning_efforts"):
        fields["reasoning_efforts"] = given["supported_reasoning_efforts"]
    return fields


CHOICES = {"zero_or_more": "auto", "one_or_more": "required", None: "none"}


def read_tool_choice(given: Fields) -> dict[str, Any]:
    """`ToolChoice`: `type` and `specific_tool_name`."""
    kind, name = given.get("type", "zero_or_more"), given.get("specific_tool_name")
    if kind == "specific":
        return {"mode": "required", "names": (name,) if name else ()}
    if kind not in CHOICES:
        raise ConfigurationError(
            f"unknown type of tool choice {kind!r}. Use ToolChoice(mode='auto'), 'required' or 'none'"
        )
    return {"mode": CHOICES[kind]}


def read_endpoint(given: Fields) -> dict[str, Any]:
    """`AIModelEndpoint`: `reference_number` is `reference` here; `order` and `enabled` were never used by calls."""
    fields = in_snake_case(given)
    reference = fields.get("reference_number")
    fields = {name: value for name, value in fields.items() if name not in ("order", "enabled", "reference_number")}
    return fields if reference is None else {**fields, "reference": reference}


def read_api(given: Fields) -> dict[str, Any]:
    """`AIModelAPI`: `order`, `enabled` and `reference_number` were for applications."""
    fields = in_snake_case(given)
    return {name: value for name, value in fields.items() if name not in ("order", "enabled", "reference_number")}


def read_response(given: Fields) -> dict[str, Any]:
    """`ChatResponse`: what is calculated here, and the provider's body, which is in `extras`."""
    calculated = ("api_provider", "metadata", "provider_response", "usage_charge")
    fields = {name: value for name, value in given.items() if name not in calculated}
    if given.get("provider_response") is not None:
        fields["extras"] = {**(fields.get("extras") or {}), "provider_response": given["provider_response"]}
    return fields


def read_message(given: Fields) -> dict[str, Any]:
    """`Message`: a prompt, or the results of tools, as version 1 dumped them."""
    kind = given.get("type")
    if kind == "tool_results":
        return {"role": "tool", "contents": [ToolCallResult.model_validate(one) for one in given.get("results") or ()]}
    if kind == "tool_result":
        result = {name: value for name, value in given.items() if name != "role"}
        return {"role": "tool", "contents": [ToolCallResult.model_validate(result)]}
    return read_prompt(given)


READERS: dict[str, Callable[[Fields], dict[str, Any]]] = {
    "AIModel": read_model,
    "AIModelAPI": read_api,
    "AIModelCallConfig": read_config,
    "AIModelEndpoint": read_endpoint,
    "ChatModelSettings": read_settings,
    "ChatResponse": read_response,
    "Message": read_message,
    "ToolChoice": read_tool_choice,
}
"""Class to the function that translates its fields."""
