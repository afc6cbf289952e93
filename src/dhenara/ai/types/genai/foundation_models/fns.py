"""Finding a model among the constants, by its name."""

from __future__ import annotations

from collections.abc import Iterable

from ...model import AIModel


class FoundationModelFns:
    """Questions about the models that are constants."""

    @staticmethod
    def get_foundation_model(model_name: str, all_models: Iterable[AIModel] | None = None) -> AIModel | None:
        """The constant of the model with this name, or None; of these models, where some are given."""
        from . import ALL_FOUNDATION_MODELS

        among = ALL_FOUNDATION_MODELS if all_models is None else all_models
        return next((model for model in among if model.model_name == model_name), None)
