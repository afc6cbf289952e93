"""What `generate` asks of an endpoint: an answer in words, or a picture."""

from __future__ import annotations

from ..types.endpoint import AIModelEndpoint
from .registry import find_provider


def generates(endpoint: AIModelEndpoint) -> str:
    """The model says what it is for; of one that does not, its name may tell that it only draws."""
    model = endpoint.ai_model
    if "functional_type" in model.model_fields_set:
        return "image" if model.functional_type == "image_generation" else "chat"
    provider = find_provider(str(endpoint.api.provider))
    if provider is None:
        return "chat"
    draws = [route for route in provider.operations if route.operation == "image" and route.models != "*"]
    return "image" if any(route.serves(model.base_model or model.model_name) for route in draws) else "chat"
