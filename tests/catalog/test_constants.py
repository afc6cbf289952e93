"""Model constants: all that documents name, and those of the current models, at one address for each vendor."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from dhenara.ai.catalog import find_facts
from dhenara.ai.catalog.model_info import load
from dhenara.ai.types import AIModel, ChatModelSettings
from dhenara.ai.types.genai import foundation_models

HOME = "dhenara.ai.types.genai.foundation_models"
NAMED = {
    "openai.chat": (
        "GPT55 GPT55Pro GPT54 GPT54Pro GPT54Mini GPT54Nano GPT53Codex GPT52 GPT52Pro GPT51 GPT51Codex GPT51CodexMini "
        "GPT5 GPT5Mini GPT5Nano GPT41 GPT41Mini GPT41Nano GPT4o GPT4oMini O1 O1Mini O3 O3Mini O4Mini GPT6Astra "
        "GPT61Sol GPT61Terra GPT6Sol GPT6Luna GPT56Sol GPTOss120B GPTOss20B GPT62Astra GPT62Sol GPT5Pro O3Pro "
        "GPT56Cyber GPTAudio15"
    ),
    "anthropic.chat": (
        "ClaudeFable5 ClaudeMythos5 ClaudeOpus48 ClaudeOpus47 ClaudeOpus46 ClaudeOpus45 ClaudeOpus40 ClaudeSonnet5 "
        "ClaudeSonnet46 ClaudeSonnet45 ClaudeSonnet40 Claude40Sonnet ClaudeHaiku45 Claude37Sonnet Claude35Sonnet "
        "Claude35Haiku Claude3Opus ClaudeFable52 ClaudeMythos52 ClaudeOpus55 ClaudeSonnet55 ClaudeHaiku55 ClaudeFable51"
    ),
    "google.chat": (
        "Gemini35Flash Gemini31ProPreview Gemini31ProPreviewCustomTools Gemini3FlashPreview Gemini31FlashLite "
        "Gemini25Pro Gemini25Flash Gemini25FlashLite Gemini15Flash Gemini15Pro Gemini3Pro Gemini31FlashLitePreview "
        "Gemini20Flash Gemini20FlashLite Gemini4Argon Gemini4Carbon Gemini38Flash Gemini37Flash Gemini35FlashLite "
        "GeminiOmni11Flash"
    ),
    "deepseek.chat": "DeepseekV4Flash DeepseekV4Pro DeepseekR1 DeepseekFlash",
    "openai.image": (
        "DallE2 DallE3 GPTImage1 GPTImage15 GPTImage2 GPTImage25Flare GPTImage25Sunburst GPTImage26Flare "
        "GPTImage26Sunburst GPTImage1Mini"
    ),
    "google.image": (
        "Imagen3 Imagen3Fast Gemini31FlashImage GeminiNanoBanana21 Gemini31FlashLiteImage Gemini3ProImage "
        "Gemini25FlashImage"
    ),
    "xai.chat": "Grok47 Grok46 Grok45 Grok43 GrokBuild01 Grok420 Grok420Reasoning Grok420NonReasoning",
    "xai.image": "GrokImagineImage20 GrokImagineImage GrokImagineImageQuality",
    "mistral.chat": (
        "MistralLarge4 MistralMedium35 MistralSmall4 Ministral8B Codestral Ministral14B Ministral3B Devstral2"
    ),
    "cohere.chat": "CommandAPlus CommandA CommandAReasoning CommandAVision NorthMiniCode CommandR7B",
    "moonshot.chat": "KimiK31Pro KimiK3 KimiK27Code KimiK26",
    "zai.chat": "GLM53 GLM53Flash GLM52 GLM5VTurbo",
    "meta.chat": "MuseWonder10 MuseSpark13",
    "minimax.chat": "MiniMaxM3 MiniMaxM31Flash",
    "alibaba.chat": "Qwen38Max Qwen38Flash Qwen37Max Qwen37Plus Qwen3CoderPlus",
    "amazon.chat": "Nova2Lite",
    "groq.chat": "Qwen3827B Llama3370BVersatile GPTOss120B GPTOss20B",
    "cerebras.chat": "GPTOss120B ZaiGLM47 Qwen3827B Gemma431B",
}


@pytest.mark.parametrize("place", NAMED)
def test_every_model_that_documents_name_is_a_constant(place: str) -> None:
    module = importlib.import_module(f"{HOME}.{place}")
    everything = getattr(module, f"{place.rpartition('.')[2].upper()}_MODELS")
    for name in NAMED[place].split():
        model = getattr(module, name)
        assert isinstance(model, AIModel)
        assert model in everything
        assert name in dir(module)
    assert len(everything) == len(dir(module)) - 1


def test_every_vendor_of_the_table_has_its_modules_and_its_list() -> None:
    table = {f"{vendor}.{kind}" for vendor, kinds in load("constants").items() for kind in kinds}
    assert table == NAMED.keys()
    lists = {f"{place.replace('.', '_').upper()}_MODELS" for place in NAMED}
    assert lists | {"ALL_CHAT_MODELS", "ALL_IMAGE_MODELS", "ALL_FOUNDATION_MODELS", "FoundationModelFns"} == set(
        dir(foundation_models)
    )
    chat, image = foundation_models.ALL_CHAT_MODELS, foundation_models.ALL_IMAGE_MODELS
    assert (*chat, *image) == foundation_models.ALL_FOUNDATION_MODELS
    assert {model.functional_type for model in image} == {"image_generation"}
    with pytest.raises(AttributeError, match="NONSENSE"):
        _ = foundation_models.NONSENSE


def test_get_foundation_model_returns_the_constant_of_a_name() -> None:
    find = foundation_models.FoundationModelFns.get_foundation_model
    actual = find("gpt-5.2")
    assert actual is not None
    assert actual.provider == "openai"
    assert find("gpt-of-tomorrow") is None
    assert find("gpt-5.2", foundation_models.ANTHROPIC_CHAT_MODELS) is None


def test_makers_models_have_limits_that_the_catalogue_knows() -> None:
    hosts = {"groq", "cerebras"}
    unknown = {
        model.model_name
        for model in foundation_models.ALL_CHAT_MODELS
        if model.provider not in hosts and find_facts(model.model_name) is None
    }
    assert unknown == {"north-mini-code"}


def test_naming_the_modules_makes_no_model() -> None:
    program = (
        f"import sys, {HOME}, {HOME}.openai.chat as chat\n"
        f"from {load.__module__} import load\n"
        "assert load.cache_info().currsize == 0\n"
        "chat.GPT52\n"
        "assert load.cache_info().currsize == 2\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=250)


SDK = "only OpenAI's SDK names it so far"
WEIGHTS = "OpenAI publishes the weights and does not serve it, so it has neither a price nor a limit of its own"
INPUT_ONLY = "the lists have the input limit, and OpenAI limits input and output separately"
BY_OPTIONS = "its price depends on size and quality; the table of prices has them"
UNKNOWN = {
    ("gpt-6.2-astra", "cost context input output"): SDK,
    ("gpt-6.2-sol", "cost context input output"): SDK,
    ("gpt-image-2.6-flare", "cost"): SDK,
    ("gpt-image-2.6-sunburst", "cost"): SDK,
    ("gpt-oss-120b", "cost output"): WEIGHTS,
    ("gpt-oss-20b", "cost output"): WEIGHTS,
    ("gpt-5.6-cyber", "context"): INPUT_ONLY,
    ("gpt-audio-1.5", "context"): INPUT_ONLY,
    ("claude-fable-5-2", "output"): "no list has its output limit; calls send what is asked for",
    ("claude-mythos-5-2", "output"): "no list has its output limit; calls send what is asked for",
    ("gemini-4-carbon", "cost context input output"): "no list has more than the name",
    ("command-a-plus-05-2026", "cost"): "LiteLLM lists a price of 0, which may mean free or not known",
    ("north-mini-code", "cost context input output"): "no list has more than the name",
    ("MiniMax-M3.1-Flash", "output"): "no list has MiniMax's own limit; other hosts have theirs",
    ("grok-imagine-image-2.0", "cost"): BY_OPTIONS,
}
"""What constants do not carry, and why. Everything else has cost, limits, and options where it generates images."""


def missing(model: AIModel) -> str:
    settings = model.settings or ChatModelSettings()
    chats = model.functional_type == "text_generation"
    parts = {
        "cost": model.cost_data,
        "context": settings.max_context_window_tokens or not chats,
        "input": settings.max_input_tokens or not chats,
        "output": settings.max_output_tokens or not chats,
        "options": model.valid_options or chats,
    }
    return " ".join(name for name, value in parts.items() if not value)


def test_constants_carry_cost_limits_and_options_or_a_reason_is_known() -> None:
    incomplete = {(m.model_name, missing(m)) for m in foundation_models.ALL_FOUNDATION_MODELS if missing(m)}
    assert incomplete == UNKNOWN.keys()


def test_limits_of_constants_are_those_of_their_own_host() -> None:
    hosts = {"google": "google_ai", "amazon": "amazon_bedrock"}
    for model in foundation_models.ALL_CHAT_MODELS:
        if model.settings is not None and model.settings.max_output_tokens is not None:
            assert model.settings.host == hosts.get(str(model.provider), model.provider)


def test_chat_constants_allow_every_option() -> None:
    """`valid_options` would refuse all others; what a chat model accepts is in its settings."""
    assert all(model.valid_options is None for model in foundation_models.ALL_CHAT_MODELS)
