"""OpenTelemetry's names for generative AI, as of open-telemetry/semantic-conventions-genai in November 2026."""

from __future__ import annotations

from dhenara.ai.types import PARAMETERS

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_ID = "gen_ai.response.id"
FINISH_REASONS = "gen_ai.response.finish_reasons"
FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"
INPUT_MESSAGES = "gen_ai.input.messages"
OUTPUT_MESSAGES = "gen_ai.output.messages"
INSTRUCTIONS = "gen_ai.system_instructions"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"
ERROR_TYPE = "error.type"

# The conventions have no words for these.
COST = "ai_utilities.cost.usd"
SAVED_COST = "ai_utilities.cost.saved_usd"
CACHED = "ai_utilities.cached"
ATTEMPTS = "ai_utilities.attempts"
TAG = "ai_utilities.tag."

OPERATIONS = {"embed": "embeddings"}
"""Where the conventions call an operation otherwise than we do."""

DURATION = "gen_ai.client.operation.duration"
DURATIONS = {"chat": "gen_ai.client.inference.duration", "embed": "gen_ai.client.embeddings.duration"}
"""Some operations have an instrument of their own."""

EMBEDDED_TOKENS = "gen_ai.client.embeddings.operation.input_tokens"
DIMENSIONS = "gen_ai.embeddings.dimension.count"
TIME_TO_FIRST_CHUNK = "gen_ai.client.inference.time_to_first_chunk"
SECONDS = tuple(0.01 * 2**step for step in range(14))
TOKENS = tuple(4**step for step in range(14))
COUNTERS = {
    "prompt_tokens": "gen_ai.client.inference.usage.input_tokens",
    "completion_tokens": "gen_ai.client.inference.usage.output_tokens",
    "cache_read_tokens": "gen_ai.client.inference.usage.cache_read.input_tokens",
    "cache_write_tokens": "gen_ai.client.inference.usage.cache_write.input_tokens",
    "reasoning_tokens": "gen_ai.client.inference.usage.reasoning.output_tokens",
}

PROVIDERS = {
    "google_ai": "gcp.gemini",
    "google_vertex_ai": "gcp.vertex_ai",
    "amazon_bedrock": "aws.bedrock",
    "microsoft_openai": "azure.ai.openai",
    "microsoft_azure_ai": "azure.ai.inference",
    "mistral": "mistral_ai",
    "xai": "x_ai",
    "moonshot": "moonshot_ai",
}
"""Where the conventions call a provider otherwise than we do."""

REQUEST = {
    name: f"gen_ai.request.{parameter.telemetry}" for name, parameter in PARAMETERS.items() if parameter.telemetry
}

USAGE = {
    "prompt_tokens": "gen_ai.usage.input_tokens",
    "completion_tokens": "gen_ai.usage.output_tokens",
    "cache_read_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_write_tokens": "gen_ai.usage.cache_write.input_tokens",
    "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
}
"""Input counts what was read from the provider's cache too, output counts reasoning."""
