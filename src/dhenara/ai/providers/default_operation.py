"""Default operation of an endpoint: chat, image generation, or another one that the provider offers."""

from __future__ import annotations

from collections.abc import Sequence

from ..types.endpoint import AIModelEndpoint
from ..wire.patterns import matches
from .provider import Route
from .registry import find_provider


def default_generation(endpoint: AIModelEndpoint) -> str:
    """Return the operation from the model's functional type, or from its name if it is an image model."""
    model = endpoint.ai_model
    if "functional_type" in model.model_fields_set:
        return "image" if model.functional_type == "image_generation" else "chat"
    provider = find_provider(str(endpoint.api.provider))
    if provider is None:
        return "chat"
    name = model.base_model or model.model_name
    return "image" if any(matches(name, pattern) for pattern in image_only_patterns(provider.operations)) else "chat"


def default_operation(endpoint: AIModelEndpoint) -> str:
    """Return chat, or another operation for a provider without chat."""
    provider = find_provider(str(endpoint.api.provider))
    if provider is None or provider.routes or not provider.operations:
        return "chat"
    name = endpoint.ai_model.base_model or endpoint.ai_model.model_name
    return next((route.operation for route in provider.operations if route.serves(name)), "chat")


def image_only_patterns(operations: Sequence[Route]) -> tuple[str, ...]:
    """Return the name patterns of image models from the image routes."""
    drawing = (route.models for route in operations if route.operation == "image" and route.models != "*")
    return tuple(dict.fromkeys(pattern for models in drawing for pattern in models.split("|")))
