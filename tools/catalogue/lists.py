"""Reads the public lists: yields the facts about one model under our names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Fact = tuple[str, Any]
Entry = Mapping[str, Any]

# Vendor: names in LiteLLM (with its prefix), models.dev and genai-prices.
VENDORS: dict[str, tuple[str, str, str, str]] = {
    "openai": ("openai", "", "openai", "openai"),
    "anthropic": ("anthropic", "", "anthropic", "anthropic"),
    "google": ("gemini", "gemini/", "google", "google"),
    "deepseek": ("deepseek", "deepseek/", "deepseek", "deepseek"),
    "mistral": ("mistral", "mistral/", "mistral", "mistral"),
    "xai": ("xai", "xai/", "xai", "x-ai"),
    "cohere": ("cohere_chat", "", "cohere", "cohere"),
    "moonshot": ("moonshot", "moonshot/", "moonshotai", "moonshotai"),
    "zai": ("zai", "zai/", "zai", "zai"),
    "minimax": ("minimax", "minimax/", "minimax", "minimax"),
    "meta": ("meta", "meta/", "llama", "meta"),
    "amazon": ("bedrock_converse", "amazon.", "amazon-bedrock", "aws"),
    "alibaba": ("dashscope", "dashscope/", "alibaba", "alibaba"),
}
KINDS = {
    "chat": "text_generation",
    "responses": "text_generation",
    "image_generation": "image_generation",
    "video_generation": "video_generation",
    "embedding": "embedding",
    "audio_speech": "text_to_speech",
    "audio_transcription": "speech_to_text",
    "image_edit": "image_generation",
    "realtime": "realtime",
    "moderation": "moderation",
    "rerank": "rerank",
    "ocr": "ocr",
}
PROTOCOLS = {"/v1/chat/completions": "openai_chat", "/v1/responses": "openai_responses"}
SPOKEN = {"anthropic": ["anthropic"], "google": ["gemini"], "cohere": ["cohere"]}
DATED = re.compile(r"-(20\d\d-?\d\d-?\d\d|latest)$")
# Vendors that also serve models of others, and the pattern of their own.
OWN = {"amazon": re.compile(r"nova"), "alibaba": re.compile(r"qw"), "mistral": re.compile(r"(?!zai|glm|deepseek)")}
RELEASED = re.compile(r"Released (20\d\d-\d\d-\d\d)")
LEVELS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"]
USUAL = ("low", "medium", "high")
SAMPLING = ["temperature", "top_p", "top_k"]


def read_litellm(path: Path) -> dict[str, Any]:
    """Read LiteLLM's list, with the retired models of version 1.109.1 that later versions no longer have."""
    removed = json.loads((Path(__file__).parent / "litellm_removed.json").read_text(encoding="utf-8"))
    return {**removed, **json.loads(path.read_text(encoding="utf-8"))}


def from_litellm(vendor: str, entry: Entry) -> Iterator[Fact]:
    yield "functional_type", KINDS.get(entry.get("mode", ""))
    yield "input_modalities", modalities(entry)
    yield "output_modalities", entry.get("supported_output_modalities")
    yield "reasoning", entry.get("supports_reasoning")
    yield "reasoning_efforts", entry.get("reasoning_effort_levels") or efforts(entry)
    yield "default_effort", entry.get("default_reasoning_effort")
    yield "always_reasons", entry.get("thinking_always_on") or None
    # Gemini accepts sampling parameters and ignores them; only refusals are facts about requests.
    refuses = entry.get("supports_sampling_params") is False and vendor != "google"
    yield "refused", SAMPLING if refuses else None
    yield "tools", entry.get("supports_function_calling")
    yield "forced_tools", entry.get("supports_forced_tool_use")
    yield "structured_output", entry.get("supports_response_schema")
    yield "prefill", entry.get("supports_assistant_prefill")
    spoken = [PROTOCOLS[path] for path in entry.get("supported_endpoints", ()) if path in PROTOCOLS]
    yield "protocols", SPOKEN.get(vendor) or spoken or None
    yield "retires", entry.get("deprecation_date")


def efforts(entry: Entry) -> list[str] | None:
    """Return the efforts of a reasoning model: the usual three, and others by their flags."""
    switches = {level: entry.get(f"supports_{level}_reasoning_effort") for level in LEVELS}
    if not entry.get("supports_reasoning") or all(switch is None for switch in switches.values()):
        return None
    return [level for level in LEVELS if (switches[level] is not False if level in USUAL else switches[level])]


def modalities(entry: Entry) -> list[str] | None:
    told: list[str] | None = entry.get("supported_modalities")
    flags = {
        "image": "supports_vision",
        "pdf": "supports_pdf_input",
        "audio": "supports_audio_input",
        "video": "supports_video_input",
    }
    if told is None and not any(flag in entry for flag in flags.values()):
        return None
    more = [kind for kind, flag in flags.items() if entry.get(flag)]
    return list(dict.fromkeys([*(told or ["text"]), *more]))


def from_models_dev(entry: Entry) -> Iterator[Fact]:
    kinds = entry.get("modalities", {})
    yield "display_name", entry.get("name")
    yield "input_modalities", kinds.get("input")
    yield "output_modalities", kinds.get("output")
    yield "reasoning", entry.get("reasoning")
    yield "tools", entry.get("tool_call")
    yield "structured_output", entry.get("structured_output")
    yield "released", entry.get("release_date")


def from_genai_prices(row: Any) -> Iterator[Fact]:
    yield "display_name", row.name
    yield "deprecated", row.deprecated
    released = RELEASED.search(row.price_comments or "")
    yield "released", released[1] if released else None
