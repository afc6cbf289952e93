"""What is asked of an endpoint where nobody says: an answer in words, a picture, or what else there is."""

from __future__ import annotations

from ..types.endpoint import AIModelEndpoint
from ..wire.patterns import matches
from .lazy_operations import image_only_patterns
from .registry import find_provider


def default_generation(endpoint: AIModelEndpoint) -> str:
    """The model says what it is for; of one that does not, its name may tell that it only draws."""
    model = endpoint.ai_model
    if "functional_type" in model.model_fields_set:
        return "image" if model.functional_type == "image_generation" else "chat"
    provider = find_provider(str(endpoint.api.provider))
    if provider is None:
        return "chat"
    name = model.base_model or model.model_name
    return "image" if any(matches(name, pattern) for pattern in image_only_patterns(provider.operations)) else "chat"


def default_operation(endpoint: AIModelEndpoint) -> str:
    """Chat, or what a provider offers that has no chat: the way on which it is asked for other things."""
    provider = find_provider(str(endpoint.api.provider))
    if provider is None or provider.routes or not provider.operations:
        return "chat"
    name = endpoint.ai_model.base_model or endpoint.ai_model.model_name
    return next((route.operation for route in provider.operations if route.serves(name)), "chat")
