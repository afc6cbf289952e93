"""Names of the built-in providers."""

from __future__ import annotations

from enum import StrEnum


class AIModelAPIProviderEnum(StrEnum):
    """Built-in providers. A plain string with a registered name is accepted as well."""

    OPEN_AI = "openai"
    ANTHROPIC = "anthropic"
    GOOGLE_AI = "google_ai"
    GOOGLE_VERTEX_AI = "google_vertex_ai"
    MICROSOFT_OPENAI = "microsoft_openai"
    MICROSOFT_AZURE_AI = "microsoft_azure_ai"
    AMAZON_BEDROCK = "amazon_bedrock"
    DEEPSEEK = "deepseek"
    GROQ = "groq"
    MISTRAL = "mistral"
    XAI = "xai"
    COHERE = "cohere"
    VOYAGE = "voyage"
    DEEPGRAM = "deepgram"
    OPENROUTER = "openrouter"
    TOGETHER = "together"
    FIREWORKS = "fireworks"
    PERPLEXITY = "perplexity"
    MOONSHOT = "moonshot"
    ZAI = "zai"
    ALIBABA = "alibaba"
    MINIMAX = "minimax"
    CEREBRAS = "cerebras"
    HUGGINGFACE = "huggingface"
    NVIDIA = "nvidia"
    GITHUB_MODELS = "github_models"
    SAMBANOVA = "sambanova"
    DEEPINFRA = "deepinfra"
    OLLAMA = "ollama"
    LM_STUDIO = "lm_studio"
    VLLM = "vllm"
    LLAMA_CPP = "llama_cpp"
    LOCAL = "local"
    OPENAI_COMPATIBLE = "openai_compatible"
