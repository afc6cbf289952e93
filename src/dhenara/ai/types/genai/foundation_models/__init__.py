"""Models as constants and lists: by vendor (`OPENAI_CHAT_MODELS`), by kind, and all."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...config.model import AIModel

    def __getattr__(name: str) -> tuple[AIModel, ...]: ...


VENDORS = {
    "chat": (
        *("openai", "anthropic", "google", "deepseek", "mistral", "xai", "cohere", "moonshot", "zai", "meta"),
        *("minimax", "alibaba", "amazon", "groq", "cerebras"),
    ),
    "image": ("openai", "google", "xai"),
}
LISTS = {
    f"{vendor.upper()}_{kind.upper()}_MODELS": (vendor, kind) for kind, vendors in VENDORS.items() for vendor in vendors
}
KINDS = {"ALL_CHAT_MODELS": ("chat",), "ALL_IMAGE_MODELS": ("image",), "ALL_FOUNDATION_MODELS": tuple(VENDORS)}


def find(name: str) -> Any:
    if name in LISTS:
        vendor, kind = LISTS[name]
        return getattr(import_module(f".{vendor}.{kind}", __name__), f"{kind.upper()}_MODELS")
    if name in KINDS:
        return tuple(model for one, (_, kind) in LISTS.items() if kind in KINDS[name] for model in find(one))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class FoundationModelFns:
    """Search functions for the model constants."""

    @staticmethod
    def get_foundation_model(model_name: str, all_models: Iterable[AIModel] | None = None) -> AIModel | None:
        """Return the model constant with this name.

        Args:
            model_name: Name of the model.
            all_models: Models to search. Default None: all constants.

        Returns:
            The model, or None if there is none with this name.
        """
        among = find("ALL_FOUNDATION_MODELS") if all_models is None else all_models
        return next((model for model in among if model.model_name == model_name), None)


if not TYPE_CHECKING:
    __getattr__ = find


def __dir__() -> list[str]:
    return sorted({*LISTS, *KINDS, "FoundationModelFns"})
