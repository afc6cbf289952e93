"""What facts are about: whoever sets none of it need not load any."""

from __future__ import annotations

# Settings that a fact may concern; a call with none of them fits any model.
TOUCHED = frozenset(
    {"max_output_tokens", "reasoning", "reasoning_effort", "max_reasoning_tokens", "tool_choice", "stop"}
    | {"temperature", "top_p", "top_k", "frequency_penalty", "presence_penalty", "logit_bias", "logprobs"}
    | {"top_logprobs", "seed", "n"}
)
